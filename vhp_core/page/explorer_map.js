  // ---- maps of latent spaces and, beside them, what is decoded ------------------------------

  const HEAD = 26, GAP = 10, NAME = 22; // pixels: a model's name, a gap, the name of a picture
  const FULL = 30000; // the edge of a map
  const STILLS = 8; // steps from A to B where the reader wants less motion

  const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

  // A point of the latent space is z; its place on the map is u, two numbers.
  function readPanel(panel, parameters) {
    const { plane, middle, reach } = panel;
    panel.codes = unpack(panel.codes); // (codes, 2)
    panel.density = bytesOf(panel.density);
    panel.decode = readNetwork(panel.network, parameters);
    panel.last = new Map(); // what was decoded last, and where, for each use
    panel.place = (i) => [0, 1].map((k) => middle[k] + (panel.codes[2 * i + k] / FULL) * reach);
    panel.inside = (u) => u.map((value, k) => clamp(value, middle[k] - reach, middle[k] + reach));
    // Seen through a plane, a point keeps what the plane does not show when it is moved.
    const along = (axis, z) => z.reduce((sum, value, k) => sum + axis[k] * (value - plane.origin[k]), 0);
    panel.flat = plane ? (z) => plane.axes.map((axis) => along(axis, z)) : (z) => z;
    panel.moved = (z, u) => {
      if (!plane) return u;
      const [right, up] = panel.flat(z).map((from, k) => u[k] - from);
      return z.map((value, k) => value + right * plane.axes[0][k] + up * plane.axes[1][k]);
    };
    panel.take = (name) => { // the observations of a journey
      panel.homes = panel.journeys[name];
      panel.ends = panel.homes.map((z) => [...z]);
    };
    panel.take(Object.keys(panel.journeys)[0]);
    panel.graph = readGraph(panel.graph, panel.ends[0].length);
    panel.graph.places = Array.from({ length: panel.graph.count }, (_, i) => panel.flat(panel.graph.at(i)));
    return panel;
  }

  // Decoded only where the point has moved.
  function decodeOnce(panel, use, z) {
    const last = panel.last.get(use);
    if (last && last.z.every((value, k) => value === z[k])) return last.values;
    const values = panel.decode(z);
    panel.last.set(use, { z, values });
    return values;
  }

  // The observation whose place is nearest to that of z.
  function nearestCode(panel, z) {
    return nearest(panel.codes, panel.flat(z).map((value, k) => (FULL * (value - panel.middle[k])) / panel.reach));
  }

  // What another map shows of a handle that is held: the observation nearest to it; or, where maps
  // are planes, the observation that it holds, moved by the same share of the map.
  function elsewhere(panel, end, other) {
    if (!other.plane) return other.place(nearestCode(panel, panel.ends[end]));
    const from = panel.flat(panel.homes[end]), to = panel.flat(panel.ends[end]);
    const home = other.homes[end], scale = other.reach / panel.reach;
    return other.moved(home, other.inside(other.flat(home).map((u, k) => u + scale * (to[k] - from[k]))));
  }

  // Maps beside each other with the pictures below; on a narrow screen a row for each, the pictures
  // to the right of its map.
  function arrangePanels(panels, width) {
    const beside = panels.length > 1 && width >= 520;
    const cell = beside ? width / panels.length : width;
    const side = Math.min(beside ? cell - 12 : 0.58 * width, 360), tall = 205;
    const row = beside ? HEAD + side + GAP + tall : HEAD + side + GAP;
    const places = panels.map((_, i) => {
      const x = beside ? i * cell : 0, y = beside ? 0 : i * row;
      return {
        top: y,
        map: { left: beside ? x + (cell - side) / 2 : 1, top: y + HEAD, side },
        room: beside
          ? { left: x, top: y + HEAD + side + GAP, width: cell, height: tall }
          : { left: side + 8, top: y + HEAD, width: width - side - 8, height: side },
      };
    });
    return { places, height: beside ? row : row * panels.length };
  }

  // A room cut in two, beside or above each other, so that pictures are as large as can be.
  function cut(room, parts, body) {
    const cuts = [[room.width / parts, 0], [0, room.height / parts]].map(([right, down]) =>
      Array.from({ length: parts }, (_, i) => ({
        left: room.left + i * right,
        top: room.top + i * down + NAME,
        width: right || room.width,
        height: (down || room.height) - NAME,
      })));
    return body.size(cuts[0][0]) >= body.size(cuts[1][0]) ? cuts[0] : cuts[1];
  }

  function onMap(panel, map, [right, up]) {
    return [
      map.left + (1 + (right - panel.middle[0]) / panel.reach) * (map.side / 2),
      map.top + (1 - (up - panel.middle[1]) / panel.reach) * (map.side / 2),
    ];
  }

  function offMap(panel, map, [x, y]) {
    return panel.inside([
      panel.middle[0] + panel.reach * ((2 * (x - map.left)) / map.side - 1),
      panel.middle[1] + panel.reach * (1 - (2 * (y - map.top)) / map.side),
    ]);
  }

  // ---- drawing --------------------------------------------------------------------------------

  // Density, graph and codes: drawn once for each size and theme.
  function ground(clip, panel, side, { dark, color }) {
    const density = window.devicePixelRatio || 1, key = `${side} ${density} ${dark}`;
    if (panel.ground?.key === key) return panel.ground.sheet;
    const sheet = document.createElement("canvas"), cells = Math.sqrt(panel.density.length);
    sheet.width = sheet.height = Math.round(side * density);
    const context = sheet.getContext("2d");
    const shade = document.createElement("canvas");
    shade.width = shade.height = cells;
    const image = shade.getContext("2d").createImageData(cells, cells);
    const [thin, thick] = dark ? [[20, 24, 30], [74, 83, 98]] : [[255, 255, 255], [190, 196, 204]];
    panel.density.forEach((level, i) => {
      const at = 4 * ((cells - 1 - Math.floor(i / cells)) * cells + (i % cells));
      for (let k = 0; k < 3; k++) image.data[at + k] = thin[k] + ((thick[k] - thin[k]) * level) / 255;
      image.data[at + 3] = 255;
    });
    shade.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingQuality = "high";
    context.drawImage(shade, 0, 0, sheet.width, sheet.height);
    context.scale(density, density);
    const map = { left: 0, top: 0, side };
    context.strokeStyle = color("muted");
    context.globalAlpha = (dark ? 0.16 : 0.12) * (panel.plane ? 0.4 : 1); // projected, edges cross often
    context.lineWidth = 0.5;
    context.beginPath();
    panel.graph.edges.forEach((edges, i) => {
      const from = onMap(panel, map, panel.graph.places[i]);
      for (const [j] of edges) {
        if (j < i) continue;
        context.moveTo(...from);
        context.lineTo(...onMap(panel, map, panel.graph.places[j]));
      }
    });
    context.stroke();
    context.globalAlpha = 0.8;
    const tints = clip.palette.map((tint) => dark ? lift(tint, 0.45) : tint);
    for (let i = 0; i < panel.codes.length / 2; i++) {
      const [x, y] = onMap(panel, map, panel.place(i));
      context.fillStyle = tints[clip.labels[i]];
      fillMark(context, clip.marks[clip.labels[i]], x, y, side < 260 ? 1.5 : 2);
    }
    panel.ground = { key, sheet };
    return sheet;
  }

  // Each class of points has a shape besides its colour; without corners it is a disc.
  function fillMark(context, corners, x, y, radius) {
    context.beginPath();
    if (!corners.length) context.arc(x, y, radius, 0, 7);
    for (const [right, down] of corners) context.lineTo(x + radius * right, y + radius * down);
    context.fill();
  }

  function drawLine(context, points, dashed, color, paper) {
    for (const [tint, width] of [[paper, 5], [color, 2.2]]) {
      context.strokeStyle = tint;
      context.lineWidth = width;
      context.setLineDash(dashed && tint === color ? [7, 5] : []);
      context.beginPath();
      for (const point of points) context.lineTo(...point);
      context.stroke();
    }
    context.setLineDash([]);
  }

  function drawDot(context, [x, y], radius, fill, stroke) {
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.fillStyle = fill;
    if (fill) context.fill();
    context.strokeStyle = stroke;
    context.lineWidth = 2.5;
    context.stroke();
  }

  function drawMap(clip, panel, view, map, dots, ring) {
    const { context, color } = view, ink = color("ink"), paper = color("ground");
    context.save();
    context.beginPath();
    context.rect(map.left, map.top, map.side, map.side);
    context.clip();
    context.drawImage(ground(clip, panel, map.side, view), map.left, map.top, map.side, map.side);
    const seen = (points) => points.map((z) => onMap(panel, map, panel.flat(z)));
    drawLine(context, seen(panel.ends), true, ink, paper);
    if (panel.path) drawLine(context, seen(panel.path), false, ink, paper);
    for (const [i, z] of dots.entries()) {
      drawDot(context, onMap(panel, map, panel.flat(z)), 6, i ? paper : color("accent"), i ? ink : paper);
    }
    if (ring) drawDot(context, onMap(panel, map, panel.flat(ring)), 10, null, color("accent"));
    writeDirections(context, clip.directions, map, ink, paper);
    context.restore();
    context.strokeStyle = color("line");
    context.lineWidth = 1;
    context.strokeRect(map.left, map.top, map.side, map.side);
  }

  // What the way to the right does, along the lower edge, and the way up, along the left one.
  function writeDirections(context, directions, { left, top, side }, ink, paper) {
    directions.forEach((text, k) => {
      context.save();
      context.translate(left + (k ? 15 : side / 2), top + (k ? side / 2 : side - 8));
      if (k) context.rotate(-Math.PI / 2);
      context.font = "12px system-ui, sans-serif";
      context.textAlign = "center";
      context.lineWidth = 3;
      context.lineJoin = "round";
      context.strokeStyle = paper;
      context.fillStyle = ink;
      context.strokeText(`${text} →`, 0, 0, side - 40);
      context.fillText(`${text} →`, 0, 0, side - 40);
      context.restore();
    });
  }

  function drawPictures(body, view, room, pictures) {
    const { context, color } = view, areas = cut(room, pictures.length, body);
    const size = Math.min(...areas.map((area) => body.size(area)));
    pictures.forEach(({ name, values, hex }, i) => {
      const span = Math.min(areas[i].height, body.span(size));
      const area = { ...areas[i], top: areas[i].top + (areas[i].height - span) / 2, height: span };
      context.fillStyle = color("ink");
      context.font = "13px system-ui, sans-serif";
      context.textAlign = "center";
      context.fillText(name, area.left + area.width / 2, area.top - 7, area.width - 4);
      context.save();
      context.beginPath();
      context.rect(area.left, area.top, area.width, area.height);
      context.clip();
      if (values) body.draw(view, values, area, size, hex);
      context.restore();
    });
  }
