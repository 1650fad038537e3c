  // ---- data -------------------------------------------------------------------------------

  function readClip(figure) {
    const clip = JSON.parse(figure.dataset.clip);
    let radius = 100, height = 0; // millimetres
    for (const track of clip.tracks) {
      track.positions = unpack(track.positions); // (frames, joints, 3)
      const size = 3 * clip.joints;
      let lowest = Infinity, highest = -Infinity;
      for (let frame = 0; frame < track.frames; frame++) {
        let bottom = Infinity, top = -Infinity;
        for (let i = frame * size; i < (frame + 1) * size; i += 3) {
          const [x, y, z] = track.positions.subarray(i, i + 3);
          radius = Math.max(radius, Math.hypot(x, z));
          bottom = Math.min(bottom, y);
          top = Math.max(top, y);
        }
        lowest = Math.min(lowest, bottom);
        highest = Math.max(highest, top);
        if (clip.ground) height = Math.max(height, top - bottom);
      }
      track.floor = lowest;
      if (!clip.ground) height = Math.max(height, highest - lowest);
      if (track.latent) {
        for (const key of ["path", "points"]) track.latent[key] = unpack(track.latent[key]);
      }
    }
    clip.frames = Math.max(...clip.tracks.map((track) => track.frames));
    return Object.assign(clip, { radius, height });
  }

  // Joints of a track at a frame that may lie between two: what shows is linear in time.
  function jointsAt(clip, track, frame) {
    if (frame > track.frames - 1) frame = clip.loop ? frame % track.frames : track.frames - 1;
    const size = 3 * clip.joints;
    const first = Math.floor(frame), share = frame - first;
    const a = first * size, b = Math.min(first + 1, track.frames - 1) * size;
    const joints = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      joints[i] = (1 - share) * track.positions[a + i] + share * track.positions[b + i];
    }
    let floor = track.floor;
    if (clip.ground) {
      floor = Infinity;
      for (let i = 1; i < size; i += 3) floor = Math.min(floor, joints[i]);
    }
    for (let i = 1; i < size; i += 3) joints[i] -= floor;
    return { joints, frame };
  }

  // ---- drawing ----------------------------------------------------------------------------

  const HEAD = 26; // pixels for a track's name

  function layout(clip, width) {
    const narrowest = width < 500 ? 140 : 165;
    const columns = Math.max(1, Math.min(clip.tracks.length, Math.floor(width / narrowest)));
    const rows = Math.ceil(clip.tracks.length / columns);
    const even = Math.ceil(clip.tracks.length / rows); // 4 in 3 columns become 2 and 2
    const cell = width / even;
    const tall = clip.height * Math.cos(ELEVATION) + 2 * clip.radius * Math.sin(ELEVATION);
    const scale = Math.min((cell - 6) / (1.85 * clip.radius), 270 / tall);
    const body = scale * tall + 8;
    const inset = clip.tracks.some((track) => track.latent) ? Math.min(cell - 12, 190) : 0;
    return { columns: even, rows, cell, scale, body, inset, height: HEAD + body + inset };
  }

  function drawLatent(context, latent, frame, left, top, side, ink, paper, dark) {
    const palette = latent.palette.map((tint) => dark ? lift(tint, 0.45) : tint);
    const at = (values, i) => [
      left + side / 2 + (values[2 * i] / 30000) * (side / 2 - 8),
      top + side / 2 - (values[2 * i + 1] / 30000) * (side / 2 - 8),
    ];
    context.globalAlpha = 0.6;
    latent.tints.forEach((tint, i) => {
      const [x, y] = at(latent.points, i);
      context.fillStyle = palette[tint];
      context.fillRect(x - 1, y - 1, 2, 2);
    });
    context.globalAlpha = 1;
    context.strokeStyle = ink;
    context.lineWidth = 1.5;
    context.beginPath();
    for (let i = 0; i < latent.path.length / 2; i++) context.lineTo(...at(latent.path, i));
    context.stroke();
    const last = latent.path.length / 2 - 1;
    const first = at(latent.path, Math.floor(frame));
    const next = at(latent.path, Math.min(Math.ceil(frame), last));
    const share = frame % 1;
    context.beginPath();
    context.arc(first[0] + share * (next[0] - first[0]), first[1] + share * (next[1] - first[1]), 6, 0, 7);
    context.fillStyle = ink;
    context.strokeStyle = paper;
    context.lineWidth = 2;
    context.fill();
    context.stroke();
  }

  // ---- one player -------------------------------------------------------------------------

  mountAll("stick-figures", (figure) => {
    const clip = readClip(figure);
    const end = clip.frames - 1;
    let azimuth = (clip.azimuth * Math.PI) / 180;

    function draw({ context, width, frame, dark, color }) {
      const plan = layout(clip, width);
      clip.tracks.forEach((track, i) => {
        const left = (i % plan.columns) * plan.cell, top = Math.floor(i / plan.columns) * plan.height;
        const now = jointsAt(clip, track, frame);
        const floor = top + HEAD + plan.body - 4 - plan.scale * clip.radius * Math.sin(ELEVATION);
        const see = camera(azimuth, plan.scale, left + plan.cell / 2, floor);
        drawGround(context, see, clip.radius, color("line"));
        drawFigure(context, clip, now.joints, see, shades(track.color, dark), plan.scale * 26);
        context.fillStyle = color("ink");
        context.font = "600 15px system-ui, sans-serif";
        context.textAlign = "center";
        context.fillText(track.name, left + plan.cell / 2, top + 17, plan.cell - 6);
        if (track.latent) {
          const side = plan.inset - 6;
          drawLatent(context, track.latent, now.frame, left + (plan.cell - side) / 2,
            top + HEAD + plan.body, side, color("ink"), color("ground"), dark);
        }
      });
    }

    return {
      frames: clip.frames,
      rate: clip.frameRate,
      loop: clip.loop,
      height: (width) => {
        const plan = layout(clip, width);
        return plan.rows * plan.height;
      },
      draw,
      time: (shown) => `${(shown / clip.frameRate).toFixed(1)} / ${(end / clip.frameRate).toFixed(1)} s`,
      turn: (by) => { azimuth -= by; },
    };
  });
