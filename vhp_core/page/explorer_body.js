  // ---- what is decoded, drawn: joint angles as a figure, or grey values as a picture ----------

  function multiply(a, b) { // (3, 3) by (3, 3), row after row
    const c = new Float64Array(9);
    for (let i = 0; i < 9; i++) {
      const row = 3 * Math.floor(i / 3), column = i % 3;
      c[i] = a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6];
    }
    return c;
  }

  function apply(a, [x, y, z]) {
    return [0, 3, 6].map((row) => a[row] * x + a[row + 1] * y + a[row + 2] * z);
  }

  // About x, then y, then z of fixed axes, in radians.
  function rotation([x, y, z]) {
    const cx = Math.cos(x), cy = Math.cos(y), cz = Math.cos(z);
    const sx = Math.sin(x), sy = Math.sin(y), sz = Math.sin(z);
    return [
      cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx,
      sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx,
      -sy, cy * sx, cy * cx,
    ];
  }

  const transpose = (a) => [0, 3, 6, 1, 4, 7, 2, 5, 8].map((i) => a[i]);

  // Forward kinematics, as Skeleton.joint_positions: decoded values to (joints, 3) in millimetres.
  function jointsOf(body, values) {
    const channels = Float64Array.from(body.pose);
    body.columns.forEach((column, i) => { channels[column] = values[i] + body.mean[i]; });
    const channel = (i) => (i < 0 ? 0 : channels[i]);
    const joints = new Float32Array(3 * body.parents.length), turns = [];
    body.parents.forEach((parent, j) => {
      const own = multiply(multiply(body.axes[j], rotation(body.rotations[j].map(channel))), transpose(body.axes[j]));
      turns[j] = parent < 0 ? own : multiply(turns[parent], own);
      const offset = parent < 0 ? body.root.map(channel) : apply(turns[j], body.offsets[j]);
      for (let k = 0; k < 3; k++) joints[3 * j + k] = 1000 * offset[k] + (parent < 0 ? 0 : joints[3 * parent + k]);
    });
    return joints;
  }

  // A body has size(area), the largest size at which it fits, span(size), the height that it needs
  // then, and draw(view, values, area, size, hex).
  function readBody(body) {
    return body.kind === "figure" ? figureBody(body) : pictureBody(body);
  }

  function figureBody(body) {
    const tall = body.height * Math.cos(ELEVATION) + 2 * body.radius * Math.sin(ELEVATION);
    const clip = { ...body, joints: body.parents.length };
    return {
      ...body,
      turns: true,
      azimuth: (body.azimuth * Math.PI) / 180,
      size: ({ width, height }) => Math.min((width - 4) / (1.7 * body.radius), (height - 6) / tall),
      span: (size) => size * tall + 6,
      draw({ context, dark, color }, values, { left, top, width, height }, size, hex) {
        const joints = jointsOf(body, values);
        let floor = Infinity;
        for (let i = 1; i < joints.length; i += 3) floor = Math.min(floor, joints[i]);
        for (let i = 1; i < joints.length; i += 3) joints[i] -= floor;
        const y0 = top + height - 3 - size * body.radius * Math.sin(ELEVATION);
        const see = camera(this.azimuth, size, left + width / 2, y0);
        drawGround(context, see, body.radius, color("line"));
        drawFigure(context, clip, joints, see, shades(hex, dark), Math.max(2, size * 26));
      },
    };
  }

  function pictureBody(body) {
    const sheet = document.createElement("canvas");
    [sheet.width, sheet.height] = [body.width, body.height];
    const ink = sheet.getContext("2d");
    return {
      ...body,
      turns: false,
      size: ({ width, height }) => Math.min((width - 8) / body.width, (height - 8) / body.height),
      span: (size) => size * body.height + 8,
      draw({ context }, values, { left, top, width, height }, size) {
        const image = ink.createImageData(body.width, body.height);
        for (let i = 0; i < values.length; i++) {
          const grey = Math.round(255 * Math.max(0, Math.min(1, values[i])));
          const at = 4 * i;
          image.data[at] = image.data[at + 1] = image.data[at + 2] = grey;
          image.data[at + 3] = 255;
        }
        ink.putImageData(image, 0, 0);
        const [w, h] = [body.width * size, body.height * size];
        context.imageSmoothingEnabled = true;
        context.drawImage(sheet, left + (width - w) / 2, top + (height - h) / 2, w, h);
      },
    };
  }
