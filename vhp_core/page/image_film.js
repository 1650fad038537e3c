  // ---- pictures in motion -----------------------------------------------------------------

  const HEAD = 26; // pixels for a film's name

  function arrange(count, width) {
    const most = Math.max(1, Math.min(count, Math.floor(width / 150)));
    const rows = Math.ceil(count / most);
    const columns = Math.ceil(count / rows); // 4 in 3 columns become 2 and 2
    const cell = width / columns;
    return { rows, columns, cell, side: Math.min(cell - 10, 240) };
  }

  mountAll("image-film", (figure) => {
    const film = JSON.parse(figure.dataset.clip);
    const slider = figure.querySelector("input");
    for (const panel of film.panels) {
      panel.sheet = new Image(); // all moments, one below another
      panel.sheet.addEventListener("load", () => slider.dispatchEvent(new Event("input")));
      panel.sheet.src = `data:image/png;base64,${panel.png}`;
    }

    function draw({ context, width, frame, color }) {
      const plan = arrange(film.panels.length, width);
      const row = film.height * Math.min(Math.round(frame), film.frames - 1);
      const tall = (plan.side * film.height) / film.width;
      film.panels.forEach((panel, i) => {
        const left = (i % plan.columns) * plan.cell;
        const top = Math.floor(i / plan.columns) * (HEAD + tall + 8);
        context.fillStyle = color("ink");
        context.font = "600 14px system-ui, sans-serif";
        context.textAlign = "center";
        context.fillText(panel.name, left + plan.cell / 2, top + 17, plan.cell - 6);
        if (!panel.sheet.complete) return;
        context.imageSmoothingEnabled = true;
        context.drawImage(panel.sheet, 0, row, film.width, film.height,
          left + (plan.cell - plan.side) / 2, top + HEAD, plan.side, tall);
      });
    }

    return {
      frames: film.frames,
      rate: film.rate,
      loop: false,
      height: (width) => {
        const plan = arrange(film.panels.length, width);
        return plan.rows * (HEAD + (plan.side * film.height) / film.width + 8);
      },
      draw,
      time: (shown) => `${shown + 1} / ${film.frames}`,
    };
  });
