  // ---- posteriors on a ring ---------------------------------------------------------------

  mountAll("ring-sliders", (clip) => {
    const [x, y] = clip.plane.map(axis), [across, up] = clip.plot.map(axis);
    const unit = x(1) - x(0);
    const radius = (eta, radial) => Math.sqrt(2 / (1 + eta ** 2 + radial ** 2));
    const rate = (eta, radial) => Math.log((1 + eta ** 2 + radial ** 2) / (2 * eta * radial));

    // Chebyshev polynomials at t, and their derivatives.
    function polynomials(t, count) {
      const values = [1, t], slopes = [0, 1];
      for (let n = 2; n < count; n++) {
        values.push(2 * t * values[n - 1] - values[n - 2]);
        slopes.push(2 * values[n - 1] + 2 * t * slopes[n - 1] - slopes[n - 2]);
      }
      return [values, slopes];
    }

    // The information, and its derivatives with respect to x = log η at a fixed u, and to u.
    function information(eta, radial) {
      const [low, high] = clip.range, at = Math.log(eta);
      const u = 1 - Math.log(radial) / at;
      const [p, dp] = polynomials((2 * (at - low)) / (high - low) - 1, clip.table.length);
      const [q, dq] = polynomials(2 * u - 1, clip.table[0].length);
      let value = -at, byX = -1, byU = 0;
      clip.table.forEach((row, i) => row.forEach((c, j) => {
        value += c * p[i] * q[j];
        byX += (c * dp[i] * q[j] * 2) / (high - low);
        byU += c * p[i] * dq[j] * 2;
      }));
      return { value, byX, byU };
    }

    // Nats of rate for a nat of information as η falls; what is across falls too, or stays.
    function price({ eta, radial, round }) {
      const { byX, byU } = information(eta, radial), at = Math.log(eta);
      const share = (2 * eta ** 2) / (1 + eta ** 2 + radial ** 2);
      if (round) return (2 - 2 * share) / -byX;
      return (1 - share) / -(byX + (byU * Math.log(radial)) / at ** 2);
    }

    function ellipse(turn, r, s, wide) {
      const along = [Math.cos(turn), -Math.sin(turn)], middle = [x(r * Math.cos(turn)), y(r * Math.sin(turn))];
      const [a, b, c, d] = [-wide, wide].flatMap((way) => middle.map((m, k) => (m + way * along[k]).toFixed(1)));
      const size = `${wide.toFixed(2)} ${s.toFixed(2)} ${((-turn * 180) / Math.PI).toFixed(2)}`;
      return `M${a} ${b}A${size} 1 1 ${c} ${d}A${size} 1 1 ${a} ${b}`;
    }

    function marks({ eta, radial, round }) {
      const r = radius(eta, radial), s = eta * r * unit, wide = radial * r * unit;
      const pairs = clip.curve.map((e) => [e, round ? e : Math.max(e, radial)]);
      const paid = pairs.map(([e, w]) => [across(e), up(rate(e, w))]);
      const told = pairs.map(([e, w]) => [across(e), up(information(e, w).value)]);
      const at = across(eta), R = rate(eta, radial), I = information(eta, radial).value;
      const turns = Array.from({ length: clip.shown }, (_, i) => (2 * Math.PI * i) / clip.shown);
      return {
        ring: { cx: x(0), cy: y(0), r: r * unit },
        posteriors: { d: turns.map((turn) => ellipse(turn, r, s, wide)).join("") },
        own: { cx: x(r), cy: y(0), rx: wide, ry: s },
        other: { cx: x(0), cy: y(r), rx: s, ry: wide },
        leads: { d: `M${(x(r) + wide).toFixed(1)} ${y(0).toFixed(1)}h${clip.lead}M${(x(0) + s).toFixed(1)} ${y(r).toFixed(1)}h${clip.lead}` },
        "across name": { x: x(r) + wide + clip.lead + 13, y: y(0) + 4, text: "sᵣ" },
        "along name": { x: x(0) + s + clip.lead + 13, y: y(r) + 4, text: "s" },
        rate: { d: path(paid) },
        information: { d: path(told) },
        between: { d: path([...paid, ...told.reverse()], true) },
        now: { d: `M${at.toFixed(1)} ${up(R).toFixed(1)}V${up(0)}` },
        dot: { cx: at, cy: up(I), r: 4.5 },
        "rate name": { x: Math.max(at - 12, 84), y: up(R) - 12, text: `R ${R.toFixed(2)}` },
        "information name": { x: Math.min(at + 10, 312), y: up(I) + 20, text: `I ${I.toFixed(2)}` },
      };
    }

    function readings(state) {
      const { eta, radial } = state, r = radius(eta, radial);
      const R = rate(eta, radial), I = information(eta, radial).value;
      return {
        rate: `${R.toFixed(2)} nats`,
        information: `${I.toFixed(2)} nats`,
        excess: `${(R - I).toFixed(2)} nats`,
        price: `${price(state).toFixed(2)} nats`,
        lengths: [r, eta * r, radial * r].map(digits).join(", "),
      };
    }

    // A posterior that is kept round follows η; otherwise it is never narrower across than along.
    function settle({ eta, radial, round }, moved) {
      if (moved === "radial") round = false;
      return { eta, radial: round ? eta : Math.max(radial, eta), round };
    }

    return {
      marks,
      readings,
      settle,
      handles: {
        along: ({ eta, radial }) => [x(eta * radius(eta, radial)) + clip.lead, y(radius(eta, radial))],
        across: ({ eta, radial }) => [x((1 + radial) * radius(eta, radial)) + clip.lead, y(0)],
        resolution: ({ eta, radial }) => [across(eta), up(rate(eta, radial))],
      },
    };
  });
