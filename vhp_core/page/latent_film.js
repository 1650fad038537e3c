  // ---- a film of latent spaces ------------------------------------------------------------

  const HEAD = 26, TALL = 56, GAP = 10; // pixels: a name, a curve, what lies between them
  const FULL = 30000; // the edge of a panel

  function arrange(film, width) {
    const columns = Math.max(1, Math.min(film.panels.length, Math.floor(width / 230)));
    const rows = Math.ceil(film.panels.length / columns);
    const cell = width / columns, side = Math.min(cell - 16, 340);
    const curves = Math.max(...film.panels.map((panel) => panel.curves.length));
    return { columns, rows, cell, side, height: HEAD + side + curves * (TALL + GAP) + GAP };
  }

  function drawCodes(view, film, panel, left, top, side) {
    const { context, frame, dark, color } = view;
    const first = Math.floor(frame), next = Math.min(first + 1, film.steps.length - 1);
    const share = frame - first, half = side / 2;
    context.strokeStyle = color("line");
    context.lineWidth = 1;
    context.strokeRect(left, top, side, side);
    context.beginPath();
    context.moveTo(left + half, top); context.lineTo(left + half, top + side);
    context.moveTo(left, top + half); context.lineTo(left + side, top + half);
    context.stroke();
    context.save();
    context.beginPath();
    context.rect(left, top, side, side);
    context.clip();
    const tints = film.palette.map((tint) => dark ? lift(tint, 0.3) : tint);
    const a = 2 * film.count * first, b = 2 * film.count * next;
    for (let i = 0; i < film.count; i++) {
      const x = (1 - share) * panel.points[a + 2 * i] + share * panel.points[b + 2 * i];
      const y = (1 - share) * panel.points[a + 2 * i + 1] + share * panel.points[b + 2 * i + 1];
      context.fillStyle = tints[film.tints[i]];
      context.beginPath();
      context.arc(left + half + (x / FULL) * half, top + half - (y / FULL) * half, 2.1, 0, 7);
      context.fill();
    }
    context.restore();
  }

  function drawCurve(view, film, curve, left, top, side) {
    const { context, frame, color } = view;
    const first = film.steps[0], span = film.steps[film.steps.length - 1] - first;
    const at = (i) => {
      const low = Math.floor(i), high = Math.min(low + 1, film.steps.length - 1), share = i - low;
      const step = (1 - share) * film.steps[low] + share * film.steps[high];
      const value = (1 - share) * curve.heights[low] + share * curve.heights[high];
      return [left + ((step - first) / span) * side, top + TALL - 4 - value * (TALL - 24)];
    };
    context.strokeStyle = color("line");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(left, top + TALL); context.lineTo(left + side, top + TALL);
    context.stroke();
    context.strokeStyle = color("accent");
    context.lineWidth = 2;
    context.beginPath();
    curve.heights.forEach((_, i) => context.lineTo(...at(i)));
    context.stroke();
    const [x, y] = at(frame);
    context.strokeStyle = color("muted");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, top + 16); context.lineTo(x, top + TALL);
    context.stroke();
    context.beginPath();
    context.arc(x, y, 4.5, 0, 7);
    context.fillStyle = color("ink");
    context.fill();
    context.font = "13px system-ui, sans-serif";
    context.textAlign = "left";
    context.fillText(curve.label, left, top + 12, side * 0.65);
    context.font = "600 13px system-ui, sans-serif";
    context.textAlign = "right";
    context.fillText(curve.values[Math.round(frame)], left + side, top + 12);
  }

  mountAll("latent-film", (figure) => {
    const film = JSON.parse(figure.dataset.clip);
    for (const panel of film.panels) panel.points = unpack(panel.points); // (moments, codes, 2)

    function draw(view) {
      const plan = arrange(film, view.width);
      film.panels.forEach((panel, i) => {
        const left = (i % plan.columns) * plan.cell + (plan.cell - plan.side) / 2;
        const top = Math.floor(i / plan.columns) * plan.height;
        view.context.fillStyle = view.color("ink");
        view.context.font = "600 15px system-ui, sans-serif";
        view.context.textAlign = "center";
        view.context.fillText(panel.name, left + plan.side / 2, top + 17, plan.side);
        drawCodes(view, film, panel, left, top + HEAD, plan.side);
        panel.curves.forEach((curve, k) => {
          const below = top + HEAD + plan.side + GAP + k * (TALL + GAP);
          drawCurve(view, film, curve, left, below, plan.side);
        });
      });
    }

    return {
      frames: film.steps.length,
      rate: film.rate,
      loop: false,
      height: (width) => {
        const plan = arrange(film, width);
        return plan.rows * plan.height;
      },
      draw,
      time: (shown) => `step ${film.steps[shown]}`,
    };
  });
