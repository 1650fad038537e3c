  // ---- the tail of importance weights -----------------------------------------------------

  mountAll("weight-tail-slider", (clip) => {
    const [zeta, density] = clip.bells.map(axis), [t, chance] = clip.tail.map(axis), [K, height] = clip.gap.map(axis);
    const numbers = clip.sliders.number, lowest = clip.gap[1][0];
    const bell = (x, r) => Math.exp((-0.5 * x * x) / r) / Math.sqrt(2 * Math.PI * r);
    const exponent = (r) => 1 / (1 - r);
    const variance = (r) => r / Math.sqrt(2 * r - 1) - 1;

    // log E exp(−u w̄) at each log u, as weight_tail.py has it; kept for the last r.
    const [first, stride, count] = clip.amounts, [step, draws] = clip.noise;
    let kept = { r: null, logs: null };
    function transform(r) {
      if (kept.r === r) return kept.logs;
      const w = [], mass = [];
      for (let i = 0; i < draws; i++) {
        const noise = i * step;
        w.push(Math.sqrt(r) * Math.exp(0.5 * (1 - r) * noise * noise));
        mass.push(Math.exp(-0.5 * noise * noise) * step * Math.sqrt(2 / Math.PI) * (i ? 1 : 0.5));
      }
      const logs = Array.from({ length: count }, (_, k) => {
        const u = Math.exp(first + stride * k);
        let lost = 0;
        for (let i = 0; i < draws; i++) lost -= Math.expm1(-u * w[i]) * mass[i];
        return Math.log1p(-Math.min(lost, 1 - 1e-15));
      });
      kept = { r, logs };
      return logs;
    }

    function gap(r, number) {
      if (r === 1) return 0;
      const sum = transform(r).reduce((so, log, k) => so + Math.exp(number * log) - Math.exp(-number * Math.exp(first + stride * k)), 0);
      return stride * sum;
    }

    function law(r, last) {
      if (r === 1) return [];
      if (r > 0.5) return numbers.map((n) => [n, variance(r) / (2 * n)]);
      const shape = (n) => (r === 0.5 ? Math.sqrt(Math.log(n)) / n : n ** (-r / (1 - r)) / Math.sqrt(Math.log(n)));
      return numbers.slice(1).map((n) => [n, (last * shape(n)) / shape(numbers[numbers.length - 1])]);
    }

    function lawName(r) {
      if (r === 1) return "no gap at any K";
      if (r > 0.5) return "Var / 2K";
      return r === 0.5 ? "√log K / K" : `K^(−${(r / (1 - r)).toFixed(3)}) / √log K`;
    }

    // The weights' tail as points (t, P(w̄ > t)), and the line of its last slope.
    function tail(r) {
      const [low] = clip.tail[0], [least] = clip.tail[1];
      if (r === 1) return [[[low, 1], [1, 1], [1, least]], []];
      const [noise, chances] = r < 1 ? clip.far : clip.near;
      const points = noise.map((x, i) => [Math.sqrt(r) * Math.exp(0.5 * (1 - r) * x * x), chances[i]]);
      if (r > 1) return [points, []];
      const last = points[points.length - 1];
      return [[[low, 1], ...points], [[last[0] * last[1] ** (1 - r), 1], last]];
    }

    const place = (value) => height(Math.max(value, lowest));
    const tailPath = (points) => path(points.map(([w, p]) => [t(w), chance(p)]));
    const gapPath = (points) => path(points.map(([n, value]) => [K(n), height(value)]));

    function marks(state) {
      const { ratio: r, number } = state, told = readings(state), side = Math.sqrt(r);
      const gaps = numbers.map((n) => [n, gap(r, n)]), here = gap(r, number), [points, line] = tail(r);
      return {
        proposal: { d: path(clip.zeta.map((x) => [zeta(x), density(bell(x, r))])) },
        deviation: { d: `M${zeta(0).toFixed(1)} ${density(bell(side, r)).toFixed(1)}H${zeta(side).toFixed(1)}` },
        "proposal name": { y: density(bell(0, r)) - 8, text: "q(ζ|z)" },
        tail: { d: tailPath(points) },
        asymptote: { d: tailPath(line) },
        "tail name": { text: r < 1 ? `γ = ${told.alpha}` : `w̄ ≤ √r = ${digits(side)}` },
        "variance name": { text: `variance ${told.variance}` },
        gap: { d: r === 1 ? "" : gapPath(gaps) },
        law: { d: gapPath(law(r, gaps[gaps.length - 1][1])) },
        "law name": { text: r === 1 ? lawName(r) : `dashed: ${lawName(r)}` },
        dot: { cx: K(number), cy: place(here), r: 5 },
        "gap name": { x: Math.min(K(number) + 12, 290), y: place(here) - 10, text: digits(here) },
      };
    }

    function readings({ ratio: r, number }) {
      return {
        alpha: r < 1 ? digits(exponent(r)) : `none, w̄ ≤ ${digits(Math.sqrt(r))}`,
        variance: r > 0.5 ? digits(variance(r)) : "infinite",
        one: `${digits(gap(r, 1))} nats`,
        now: `${digits(gap(r, number))} nats`,
        law: lawName(r),
      };
    }

    return {
      marks,
      readings,
      handles: {
        width: ({ ratio: r }) => [zeta(Math.sqrt(r)), density(bell(Math.sqrt(r), r))],
        number: ({ ratio: r, number }) => [K(number), place(gap(r, number))],
      },
    };
  });
