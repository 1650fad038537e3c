  // ---- reverse water-filling --------------------------------------------------------------

  mountAll("rate-distortion-slider", (clip) => {
    const v = clip.variances, rising = [...v].sort((a, b) => a - b);
    const total = v.reduce((sum, variance) => sum + variance, 0);
    const [x, y] = clip.plot.map(axis), [, high] = clip.vessel.map(axis);
    const [, , left, right] = clip.plot[0], [, , bottom, top] = clip.plot[1];
    const [, , first, last] = clip.vessel[0], floor = clip.vessel[1][2];

    // Level, rate and multiplier, by the closed form.
    function fill(kappa2) {
      if (kappa2 >= total) return { w: rising[rising.length - 1], rate: 0, multiplier: 0 };
      let below = 0, w = 0;
      for (let i = 0; i < rising.length; i++) {
        w = (kappa2 - below) / (rising.length - i);
        if (w <= rising[i]) break;
        below += rising[i];
      }
      const rate = v.reduce((sum, variance) => sum + (variance > w ? 0.5 * Math.log(variance / w) : 0), 0);
      return { w, rate, multiplier: 1 / (2 * w) };
    }

    function marks({ kappa2 }) {
      const { w, rate, multiplier } = fill(kappa2), at = x(kappa2), level = high(w);
      const ends = [[left, 0], [right, clip.plot[0][1]]];
      const found = {
        allowed: { x: left, width: at - left },
        tolerance: { d: `M${at.toFixed(1)} ${bottom}V${top}` },
        tangent: { d: path(ends.map(([place, c]) => [place, y(rate + multiplier * (kappa2 - c))])) },
        dot: { cx: at, cy: y(rate), r: 5 },
        "tolerance name": {
          x: at < 270 ? at + 5 : at - 5,
          "text-anchor": at < 270 ? "start" : "end",
          text: `κ² = ${digits(kappa2)}`,
        },
        slope: { text: `tangent of slope −λ = ${multiplier ? "−" : ""}${digits(multiplier)}` },
        water: { y: level, height: floor - level },
        level: { d: `M${first} ${level.toFixed(1)}H${last}` },
        "level name": { y: level + 4, text: `w = ${digits(w)}` },
      };
      v.forEach((variance, i) => {
        const end = high(variance), sent = variance > w;
        const name = sent ? (0.5 * Math.log(variance / w)).toFixed(2) : v.length > 5 ? "–" : "not sent";
        found[`rate ${i}`] = { y: (sent ? end : Math.min(end, level)) - 6, text: name };
        found[`over ${i}`] = { y: end, height: Math.max(0, level - end) };
      });
      return found;
    }

    function readings({ kappa2 }) {
      const { w, rate, multiplier } = fill(kappa2);
      return {
        multiplier: multiplier ? digits(multiplier) : "0, the constraint is slack",
        rate: `${rate.toFixed(3)} nats`,
        level: digits(w),
        sent: `${v.filter((variance) => variance > w).length} of ${v.length}`,
      };
    }

    return {
      marks,
      readings,
      handles: {
        curve: ({ kappa2 }) => [x(kappa2), y(fill(kappa2).rate)],
        level: ({ kappa2 }) => [last, high(fill(kappa2).w)],
      },
    };
  });
