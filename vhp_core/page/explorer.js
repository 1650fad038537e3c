  // ---- latent spaces to touch ---------------------------------------------------------------

  mountAll("latent-explorer", (figure) => {
    const clip = JSON.parse(figure.dataset.clip);
    const { bits } = clip.panels[0].network;
    const parameters = clip.parameters.map((layer) => readParameters(layer, bits));
    const panels = clip.panels.map((panel) => readPanel(panel, parameters));
    const body = readBody(clip.body), calm = matchMedia("(prefers-reduced-motion: reduce)");
    const handles = [...figure.querySelectorAll(".explorer-handle")];
    const choice = figure.querySelector("select");
    let held = null; // the handle that was moved last: {panel, end}; null while a path is shown
    let shown = null, plan = null, player = null, drawn = 0;
    const pictures = [], rings = []; // of each panel: what is drawn beside its map, and on it

    function findPath(panel) {
      if (!panel.stale && panel.path !== undefined) return;
      panel.path = shortestPath(panel.graph, ...panel.ends);
      panel.stale = false;
    }

    function pathPictures(panel, share) {
      const ways = [["graph", panel.path, panel.color], ["straight", panel.ends, "#808080"]];
      const dots = [], both = [];
      for (const [name, corners, hex] of ways) {
        if (!corners) {
          both.push({ name: "no path joins A and B", values: null });
          continue;
        }
        const z = pointAlong(corners, share);
        dots.push(z);
        both.push({ name, values: decodeOnce(panel, name, z), hex });
      }
      return { dots, pictures: both };
    }

    function draw(view) {
      if (shown !== null && view.frame !== shown) held = null;
      shown = view.frame;
      const end = clip.frames - 1, step = end / STILLS;
      const frame = calm.matches && view.frame % 1 ? Math.floor(view.frame / step) * step : view.frame;
      plan = arrangePanels(panels, view.width);
      panels.forEach((panel, i) => {
        findPath(panel);
        const { map, room, top } = plan.places[i], { context, color } = view;
        context.fillStyle = color("ink");
        context.font = "600 15px system-ui, sans-serif";
        context.textAlign = "center";
        context.fillText(panel.name, map.left + map.side / 2, top + 17, map.side);
        let found = { dots: [], pictures: [] }, ring = null;
        if (!held) found = pathPictures(panel, frame / end);
        else if (held.panel === i) {
          const values = decodeOnce(panel, "held", panel.ends[held.end]);
          found.pictures.push({ name: `decoded at ${"AB"[held.end]}`, values, hex: panel.color });
        } else {
          ring = elsewhere(panels[held.panel], held.end, panel);
          found.pictures.push({ name: "decoded at the ring", values: decodeOnce(panel, "ring", ring), hex: panel.color });
        }
        drawMap(clip, panel, view, map, found.dots, ring);
        drawPictures(body, view, room, found.pictures);
        pictures[i] = found.pictures;
        rings[i] = ring;
      });
      placeHandles();
      drawn += 1;
    }

    function placeHandles() {
      const { offsetLeft, offsetTop } = player.canvas; // read before anything is written
      for (const handle of handles) {
        const i = Number(handle.dataset.panel), panel = panels[i], z = panel.ends[handle.dataset.end];
        const place = panel.flat(z), [x, y] = onMap(panel, plan.places[i].map, place);
        handle.style.left = `${offsetLeft + x}px`;
        handle.style.top = `${offsetTop + y}px`;
        const label = clip.classes[clip.labels[nearestCode(panel, z)]];
        const across = (100 * (place[0] - panel.middle[0])) / panel.reach;
        handle.setAttribute("aria-valuenow", Math.round(across));
        handle.setAttribute("aria-valuetext", `${panel.plane ? "at" : "z ="} (${place[0].toFixed(2)}, ${place[1].toFixed(2)}), nearest to ${label}`);
      }
    }

    function move(panel, end, place) {
      panels[panel].ends[end] = panels[panel].moved(panels[panel].ends[end], place);
      panels[panel].stale = true;
      held = { panel, end };
      choice.value = "";
      player.stop();
      player.request();
    }

    function dragTo(panel, end, event) {
      const box = player.canvas.getBoundingClientRect();
      move(panel, end, offMap(panels[panel], plan.places[panel].map, [event.clientX - box.left, event.clientY - box.top]));
    }

    function listenTo(handle) {
      const panel = Number(handle.dataset.panel), end = Number(handle.dataset.end);
      handle.addEventListener("pointerdown", (event) => {
        handle.setPointerCapture(event.pointerId);
        move(panel, end, panels[panel].flat(panels[panel].ends[end]));
      });
      handle.addEventListener("pointermove", (event) => {
        if (handle.hasPointerCapture(event.pointerId)) dragTo(panel, end, event);
      });
      handle.addEventListener("keydown", (event) => {
        const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
        if (!way) return;
        const { reach, ends, flat, inside } = panels[panel], step = reach * (event.shiftKey ? 0.1 : 0.02);
        move(panel, end, inside(flat(ends[end]).map((value, k) => value + step * way[k])));
        event.preventDefault();
      });
    }

    // Beside the handles: a press on a map calls the nearer one; a drag on a figure turns it.
    function listenToCanvas(canvas) {
      let drag = null, mouse = false;
      function nearer(event) {
        const at = [event.offsetX, event.offsetY];
        const panel = plan.places.findIndex(({ map }) =>
          at[0] >= map.left && at[0] <= map.left + map.side && at[1] >= map.top && at[1] <= map.top + map.side);
        if (panel < 0) return null;
        const far = panels[panel].ends.map((z) => distance(onMap(panels[panel], plan.places[panel].map, panels[panel].flat(z)), at));
        return { panel, end: far[1] < far[0] ? 1 : 0 };
      }
      canvas.addEventListener("pointerdown", (event) => {
        mouse = event.pointerType === "mouse";
        const handle = nearer(event);
        if (handle && !mouse) return; // a finger may scroll the page here; a tap comes as a click
        if (!handle && !body.turns) return;
        drag = handle || { grip: event.clientX };
        canvas.setPointerCapture(event.pointerId);
        if (handle) dragTo(handle.panel, handle.end, event);
      });
      canvas.addEventListener("pointermove", (event) => {
        if (!drag || !canvas.hasPointerCapture(event.pointerId)) return;
        if (drag.grip === undefined) return dragTo(drag.panel, drag.end, event);
        turn((event.clientX - drag.grip) * 0.01);
        drag.grip = event.clientX;
      });
      for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => { drag = null; });
      canvas.addEventListener("click", (event) => {
        const handle = !mouse && nearer(event);
        if (handle) dragTo(handle.panel, handle.end, event);
      });
    }

    function turn(by) {
      body.azimuth -= by;
      player.request();
    }

    choice.addEventListener("change", () => {
      for (const panel of panels) {
        panel.take(choice.value);
        panel.stale = true;
      }
      held = null;
      player.request();
    });

    figure.explorer = { // for tests
      clip,
      floats,
      decode: (panel, z) => [...panels[panel].decode(z)],
      joints: (values) => [...jointsOf(clip.body, values)],
      path: (panel, from, to) => shortestPath(panels[panel].graph, from, to),
      along: pointAlong,
      get places() { return panels.map((panel) => panel.ends.map(panel.flat)); },
      get ends() { return panels.map((panel) => panel.ends); },
      pictures: (panel) => pictures[panel].map(({ values }) => values && [...values]),
      get rings() { return rings.map((ring) => ring && [...ring]); },
      get drawn() { return drawn; },
    };

    return {
      frames: clip.frames,
      rate: (clip.frames - 1) / 4,
      loop: false,
      height: (width) => arrangePanels(panels, width).height,
      draw,
      time: (frame) => `${Math.round((100 * frame) / (clip.frames - 1))} %`,
      turn: body.turns ? turn : undefined,
      start(given) {
        player = given;
        handles.forEach(listenTo);
        listenToCanvas(player.canvas);
      },
    };
  });
