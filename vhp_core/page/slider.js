  // ---- shared by figures with sliders: axes, numbers, pictures that answer -----------------

  // Positions in a picture of the values of an axis, as Axis has them in slider_plot.py.
  function axis([low, high, start, end, log]) {
    const scale = log ? Math.log : (value) => value;
    return (value) => start + ((scale(value) - scale(low)) / (scale(high) - scale(low))) * (end - start);
  }

  function path(points, closed) {
    const told = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`);
    return told.length ? `M${told.join("L")}${closed ? "Z" : ""}` : "";
  }

  // Three significant digits: 0.125, 12.5, 2.40 × 10⁻⁵.
  function digits(value) {
    if (!value || Math.abs(value) >= 1e-4) return String(Number(value.toPrecision(3)));
    const [mantissa, exponent] = value.toExponential(2).split("e");
    return `${mantissa} × 10${[...exponent].map((c) => ({ "-": "⁻" })[c] || "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("")}`;
  }

  // The image of the beginning becomes part of the page, where its marks can be moved.
  function unfold(image) {
    const bytes = Uint8Array.from(atob(image.src.split(",")[1]), (c) => c.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    const drawing = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", image.alt);
    image.replaceWith(drawing);
    return drawing.viewBox.baseVal;
  }

  // A figure whose sliders and switches make up a state, name -> value. ``show`` has:
  //   marks(state)          name -> attributes of the mark, "text" for what stands in it
  //   readings(state)       name -> text
  //   handles               name -> state -> [x, y] in units of its picture
  //   settle(state, moved)  optional: the state that the reader gets who moved one of its names
  // ``clip.spoken``: reading -> words that a screen reader says before it, behind a slider's value.
  function mountSliders(figure, show, clip) {
    figure.dataset.mounted = "true";
    const sliders = [...figure.querySelectorAll("input[data-slider]")];
    const switches = [...figure.querySelectorAll("input[data-switch]")];
    const handles = [...figure.querySelectorAll("[data-handle]")];
    const settle = show.settle || ((state) => state);
    let state = { ...clip.start };
    for (const panel of figure.querySelectorAll(".slider-panel")) {
      panel.size = unfold(panel.querySelector("img"));
    }
    for (const part of figure.querySelectorAll("[hidden]")) part.hidden = false;
    const named = (key) => Object.fromEntries([...figure.querySelectorAll(`[data-${key}]`)].map((part) => [part.dataset[key], part]));
    const marks = named("mark"), readings = named("reading");

    function draw() {
      for (const [name, { text, ...attributes }] of Object.entries(show.marks(state))) {
        for (const [key, value] of Object.entries(attributes)) {
          marks[name].setAttribute(key, typeof value === "number" ? value.toFixed(1) : value);
        }
        if (text !== undefined) marks[name].textContent = text;
      }
      const told = show.readings(state);
      for (const [name, text] of Object.entries(told)) readings[name].textContent = text;
      for (const slider of sliders) {
        const name = slider.dataset.slider, value = digits(state[name]);
        slider.value = clip.sliders[name].indexOf(state[name]);
        slider.setAttribute("aria-valuetext", [value, ...Object.entries(clip.spoken).map(([key, words]) => `${words} ${told[key]}`)].join(", "));
        slider.closest(".slider-control").querySelector("output").textContent = value;
      }
      for (const box of switches) box.checked = state[box.dataset.switch];
      for (const handle of handles) {
        const [x, y] = show.handles[handle.dataset.handle](state), { width, height } = handle.parentNode.size;
        handle.style.left = `${(100 * x) / width}%`;
        handle.style.top = `${(100 * y) / height}%`;
      }
    }

    function move(name, value) {
      state = settle({ ...state, [name]: value }, name);
      draw();
    }

    // Of all values of its slider, the one that brings a handle nearest to the pointer.
    function dragTo(handle, event) {
      const { width, height } = handle.parentNode.size, box = handle.parentNode.querySelector("svg").getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * width, y = ((event.clientY - box.top) / box.height) * height;
      const name = handle.dataset.slider, at = show.handles[handle.dataset.handle];
      const far = clip.sliders[name].map((value) => {
        const place = at(settle({ ...state, [name]: value }, name));
        return Math.hypot(place[0] - x, place[1] - y);
      });
      move(name, clip.sliders[name][far.indexOf(Math.min(...far))]);
    }

    for (const slider of sliders) {
      const name = slider.dataset.slider;
      const held = (on) => handles.forEach((handle) => handle.classList.toggle("held", on && handle.dataset.slider === name));
      slider.addEventListener("input", () => move(name, clip.sliders[name][Number(slider.value)]));
      slider.addEventListener("focus", () => held(true));
      slider.addEventListener("blur", () => held(false));
    }
    for (const box of switches) {
      box.addEventListener("change", () => move(box.dataset.switch, box.checked));
    }
    for (const handle of handles) {
      handle.addEventListener("pointerdown", (event) => {
        handle.setPointerCapture(event.pointerId);
        sliders.find((slider) => slider.dataset.slider === handle.dataset.slider).focus({ preventScroll: true });
        event.preventDefault();
      });
      handle.addEventListener("pointermove", (event) => {
        if (handle.hasPointerCapture(event.pointerId)) dragTo(handle, event);
      });
    }
    figure.sliders = { // for tests
      clip,
      get state() { return { ...state }; },
      set: (next) => { state = next; draw(); },
      marks: () => show.marks(state),
      readings: () => show.readings(state),
    };
    draw();
  }

  function mountAll(kind, showing) {
    for (const figure of document.querySelectorAll(`figure.${kind}:not([data-mounted])`)) {
      const clip = JSON.parse(figure.dataset.clip);
      mountSliders(figure, showing(clip), clip);
    }
  }
