  // ---- shared by the players: data, colours, canvas and controls --------------------------

  function unpack(base64) {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    return Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true));
  }

  function isDark() {
    const theme = document.documentElement.dataset.theme;
    if (theme === "dark" || theme === "light") return theme === "dark";
    const jupyter = document.body.dataset.jpThemeLight;
    if (jupyter) return jupyter === "false";
    return matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function mix(hex, target, amount) {
    const part = (i) => parseInt(hex.slice(i, i + 2), 16);
    const channel = (i) => Math.round(part(i) + (target - part(i)) * amount);
    return `rgb(${channel(1)},${channel(3)},${channel(5)})`;
  }

  // A colour on dark ground: towards white, and dark colours, black above all, farther than others.
  function lift(hex, amount) {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
    const tone = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    return mix(hex, 255, amount + Math.max(0, 0.3 - tone));
  }

  // A figure with a canvas, a button and a slider. ``show`` has:
  //   frames, rate, loop     how many moments there are, how many a second, and what comes then
  //   height(width)          of the canvas in pixels
  //   draw(view)             view: context, width, frame (may lie between two), dark, color(name)
  //   time(frame)            what stands beside the slider
  //   turn(by)               optional: the reader has dragged, or pressed an arrow key
  //   start(player)          optional: take over the pointer; player: canvas, request(), stop()
  function mount(figure, show) {
    figure.dataset.mounted = "true";
    const find = (selector) => figure.querySelector(selector);
    const canvas = find("canvas"), play = find("button"), slider = find("input"), time = find("output");
    const context = canvas.getContext("2d");
    const end = show.frames - 1;
    let frame = Math.floor(show.frames / 2); // a middle one tells more than the first
    let playing = false, visible = true, dark = isDark(), last = null, waiting = false;

    find(".motion-player-still").remove();
    for (const part of figure.querySelectorAll("[hidden]")) part.hidden = false;

    function draw() {
      const width = canvas.clientWidth;
      if (!width) return;
      const density = window.devicePixelRatio || 1, height = Math.round(show.height(width));
      if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
        canvas.width = Math.round(width * density);
        canvas.height = Math.round(height * density);
        canvas.style.height = `${height}px`;
      }
      const style = getComputedStyle(figure);
      const color = (name) => style.getPropertyValue(`--mp-${name}`).trim();
      context.setTransform(density, 0, 0, density, 0, 0);
      context.clearRect(0, 0, width, height);
      show.draw({ context, width, frame, dark, color });
      const shown = Math.min(Math.round(frame), end);
      slider.value = shown;
      slider.setAttribute("aria-valuetext", `frame ${shown + 1} of ${show.frames}`);
      time.textContent = show.time(shown);
    }

    function request() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame((now) => {
        waiting = false;
        if (playing && visible) {
          if (last !== null) frame += ((now - last) / 1000) * show.rate;
          last = now;
          if (frame >= end + (show.loop ? 1 : 0)) {
            if (show.loop) frame %= show.frames;
            else { frame = end; setPlaying(false); }
          }
          if (playing) request();
        } else {
          last = null;
        }
        draw();
      });
    }

    function setPlaying(on) {
      playing = on;
      last = null;
      if (on && !show.loop && frame >= end) frame = 0;
      play.classList.toggle("playing", on);
      play.setAttribute("aria-label", on ? "Pause" : "Play");
      request();
    }

    play.addEventListener("click", () => setPlaying(!playing));
    slider.addEventListener("input", () => {
      frame = Math.max(0, Math.min(end, Number(slider.value)));
      last = null;
      request();
    });
    function turn(by) {
      show.turn(by);
      request();
    }
    for (const part of [canvas, slider]) {
      part.addEventListener("keydown", (event) => {
        const turned = show.turn && { ArrowLeft: -0.15, ArrowRight: 0.15 }[event.key];
        if (event.key === " ") setPlaying(!playing);
        else if (part === canvas && turned) turn(turned);
        else return;
        event.preventDefault();
      });
    }
    if (show.start) {
      const stop = () => { if (playing) setPlaying(false); };
      show.start({ canvas, request, stop });
    } else if (show.turn) {
      let grip = 0; // where the pointer was last
      canvas.addEventListener("pointerdown", (event) => {
        canvas.setPointerCapture(event.pointerId);
        grip = event.clientX;
      });
      canvas.addEventListener("pointermove", (event) => {
        if (!canvas.hasPointerCapture(event.pointerId)) return;
        turn((event.clientX - grip) * 0.01);
        grip = event.clientX;
      });
    }

    new ResizeObserver(request).observe(canvas);
    new IntersectionObserver((entries) => {
      visible = entries[entries.length - 1].isIntersecting;
      request();
    }).observe(canvas);
    const repaint = () => {
      dark = isDark();
      figure.dataset.scheme = dark ? "dark" : "light";
      request();
    };
    const themes = { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light"] };
    for (const root of [document.documentElement, document.body]) {
      new MutationObserver(repaint).observe(root, themes);
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
    repaint();
  }

  function mountAll(kind, showing) {
    for (const figure of document.querySelectorAll(`figure.${kind}:not([data-mounted])`)) {
      const parts = figure.querySelector('script[type="text/html"]'); // what waits for a script
      parts.insertAdjacentHTML("beforebegin", parts.textContent);
      parts.remove();
      mount(figure, showing(figure));
    }
  }
