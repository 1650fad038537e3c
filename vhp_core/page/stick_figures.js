  // ---- stick figures: shades, camera, drawing ------------------------------------------------

  const ELEVATION = (10 * Math.PI) / 180;

  // Left limbs dark, right limbs light; on dark ground all of them are lifted towards white.
  function shades(hex, dark) {
    return dark
      ? { 1: lift(hex, 0.25), 0: lift(hex, 0.45), [-1]: lift(hex, 0.7) }
      : { 1: mix(hex, 0, 0.35), 0: hex, [-1]: mix(hex, 255, 0.4) };
  }

  // Millimetres to pixels, seen from an azimuth and slightly from above.
  function camera(azimuth, scale, x0, y0) {
    const c = Math.cos(azimuth), s = Math.sin(azimuth);
    const rise = Math.cos(ELEVATION), tilt = Math.sin(ELEVATION);
    return (x, y, z) => {
      const near = x * s + z * c;
      return [x0 + scale * (x * c - z * s), y0 - scale * (y * rise - near * tilt), near];
    };
  }

  function drawGround(context, see, radius, color) {
    context.strokeStyle = color;
    context.lineWidth = 1;
    context.beginPath();
    const reach = (0.85 * radius) / Math.SQRT2;
    for (let i = -2; i <= 2; i++) {
      const at = (reach * i) / 2;
      context.moveTo(...see(at, 0, -reach).slice(0, 2));
      context.lineTo(...see(at, 0, reach).slice(0, 2));
      context.moveTo(...see(-reach, 0, at).slice(0, 2));
      context.lineTo(...see(reach, 0, at).slice(0, 2));
    }
    context.stroke();
  }

  function drawFigure(context, clip, joints, see, tints, thickness) {
    const seen = Array.from({ length: clip.joints }, (_, j) => see(...joints.subarray(3 * j, 3 * j + 3)));
    const depth = ([a, b]) => seen[a][2] + seen[b][2];
    const order = clip.bones.map((_, i) => i).sort((i, j) => depth(clip.bones[i]) - depth(clip.bones[j]));
    context.lineCap = "round";
    for (const i of order) {
      const [a, b] = clip.bones[i];
      context.strokeStyle = tints[clip.sides[i]];
      context.lineWidth = thickness * (1 + 0.25 * Math.max(-1, Math.min(1, depth(clip.bones[i]) / clip.radius)));
      context.beginPath();
      context.moveTo(seen[a][0], seen[a][1]);
      context.lineTo(seen[b][0], seen[b][1]);
      context.stroke();
    }
  }
