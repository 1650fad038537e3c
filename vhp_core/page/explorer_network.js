  // ---- a decoder: the layers that explorer_network.py names, on plain arrays ----------------

  function bytesOf(base64) {
    const text = atob(base64), bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  function floats(base64, half = false) {
    const bytes = bytesOf(base64), view = new DataView(bytes.buffer);
    if (!half) return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
    return Float32Array.from({ length: bytes.length / 2 }, (_, i) => fromHalf(view.getUint16(2 * i, true)));
  }

  // Weights and biases of a layer, as pack_network keeps them.
  function readParameters({ weight, bias, scale, run }, bits) {
    const biases = floats(bias, bits < 32);
    if (bits !== 8) return [floats(weight, bits === 16), biases];
    const steps = new Int8Array(bytesOf(weight).buffer), scales = floats(scale);
    const weights = new Float32Array(steps.length);
    for (let i = 0, s = 0; i < steps.length; s = (s + 1) % scales.length) {
      for (const last = i + run; i < last; i++) weights[i] = steps[i] * scales[s];
    }
    return [weights, biases];
  }

  function fromHalf(bits) {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }

  const SIGMOID = (v) => 1 / (1 + Math.exp(-v));

  // Each takes an image {values, channels, height, width}, the layer's sizes and its parameters.
  // A vector is an image of one pixel, with a channel for each of its numbers.
  const LAYERS = {
    linear(x, [inputs, outputs], weight, bias) {
      const values = new Float32Array(outputs), from = x.values, whole = inputs - (inputs % 4);
      for (let o = 0, w = 0; o < outputs; o++) {
        let a = bias[o], b = 0, c = 0, d = 0, i = 0; // four sums, none of which waits for another
        for (; i < whole; i += 4, w += 4) {
          a += weight[w] * from[i];
          b += weight[w + 1] * from[i + 1];
          c += weight[w + 2] * from[i + 2];
          d += weight[w + 3] * from[i + 3];
        }
        for (; i < inputs; i++, w++) a += weight[w] * from[i];
        values[o] = a + b + (c + d);
      }
      return { values, channels: outputs, height: 1, width: 1 };
    },
    relu: (x, [slope]) => ({ ...x, values: x.values.map((v) => (v > 0 ? v : slope * v)) }),
    silu: (x) => ({ ...x, values: x.values.map((v) => v * SIGMOID(v)) }),
    sigmoid: (x) => ({ ...x, values: x.values.map(SIGMOID) }),
    tanh: (x) => ({ ...x, values: x.values.map(Math.tanh) }),
    flatten: (x) => ({ values: x.values, channels: x.values.length, height: 1, width: 1 }),
    reshape: (x, [channels, height, width]) => ({ values: x.values, channels, height, width }),
    upsample(x, [factor]) {
      const height = x.height * factor, width = x.width * factor;
      const values = new Float32Array(x.channels * height * width);
      for (let c = 0, at = 0; c < x.channels; c++) {
        for (let row = 0; row < height; row++) {
          const from = (c * x.height + Math.floor(row / factor)) * x.width;
          for (let column = 0; column < width; column++) {
            values[at++] = x.values[from + Math.floor(column / factor)];
          }
        }
      }
      return { values, channels: x.channels, height, width };
    },
    conv(x, [inputs, outputs, size, stride, padding], weight, bias) {
      const grown = (length) => Math.floor((length + 2 * padding - size) / stride) + 1;
      const y = blank(outputs, grown(x.height), grown(x.width), bias);
      const runs = overlap(y, x, size, stride, padding);
      const from = x.height * x.width, to = y.height * y.width;
      for (let o = 0, w = 0; o < outputs; o++) {
        for (let i = 0; i < inputs; i++, w += size * size) {
          for (let r = 0; r < runs.length; r += 4) {
            add(y.values, o * to + runs[r], 1, x.values, i * from + runs[r + 1], stride, weight[w + runs[r + 3]], runs[r + 2]);
          }
        }
      }
      return y;
    },
    convTransposed(x, [inputs, outputs, size, stride, padding, more], weight, bias) {
      const grown = (length) => (length - 1) * stride - 2 * padding + size + more;
      const y = blank(outputs, grown(x.height), grown(x.width), bias);
      const runs = overlap(x, y, size, stride, padding);
      const from = x.height * x.width, to = y.height * y.width;
      for (let i = 0, w = 0; i < inputs; i++) {
        for (let o = 0; o < outputs; o++, w += size * size) {
          for (let r = 0; r < runs.length; r += 4) {
            add(y.values, o * to + runs[r + 1], stride, x.values, i * from + runs[r], 1, weight[w + runs[r + 3]], runs[r + 2]);
          }
        }
      }
      return y;
    },
  };

  function add(target, at, step, source, from, stride, weight, count) {
    for (let n = 0; n < count; n++, at += step, from += stride) target[at] += weight * source[from];
  }

  function blank(channels, height, width, bias) {
    const values = new Float32Array(channels * height * width);
    for (let c = 0; c < channels; c++) values.fill(bias[c], c * height * width, (c + 1) * height * width);
    return { values, channels, height, width };
  }

  // The runs of pixels that a kernel joins, four numbers each: where a run starts in the smaller
  // image and in the larger, its length, and the kernel's entry. In the larger it goes in strides.
  function overlap(small, large, size, stride, padding) {
    const runs = [];
    for (let k = 0; k < size * size; k++) {
      const down = Math.floor(k / size) - padding, right = (k % size) - padding;
      const first = Math.max(0, Math.ceil(-right / stride));
      const last = Math.min(small.width - 1, Math.floor((large.width - 1 - right) / stride));
      for (let row = 0; row < small.height && last >= first; row++) {
        const at = row * stride + down;
        if (at < 0 || at >= large.height) continue;
        runs.push(row * small.width + first, at * large.width + first * stride + right, last - first + 1, k);
      }
    }
    return Int32Array.from(runs);
  }

  // (z) => mean of p(x|z), a Float32Array. The layers' parameters are read beforehand.
  function readNetwork({ layers, parameters }, read) {
    let next = 0;
    const steps = layers.map(([name, ...sizes]) => {
      const has = name === "linear" || name.startsWith("conv");
      return [LAYERS[name], sizes, ...(has ? read[parameters[next++]] : [])];
    });
    return (z) => {
      let x = { values: Float32Array.from(z), channels: z.length, height: 1, width: 1 };
      for (const [layer, sizes, weight, bias] of steps) x = layer(x, sizes, weight, bias);
      return x.values;
    };
  }
