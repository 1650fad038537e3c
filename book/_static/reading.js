"use strict";
// Paper has the light colours, and a formula that is wider than a sheet is set smaller there. All
// is as it was when the page has been printed.
{
  const SHEET = 640; // pixels of a line of text on an A4 sheet
  const root = document.documentElement;
  const smaller = new Map();
  addEventListener("beforeprint", () => {
    root.dataset.themeOnScreen = root.dataset.theme || "";
    root.dataset.theme = "light";
    const article = document.querySelector(".bd-article");
    for (const formula of document.querySelectorAll(".bd-article mjx-container")) {
      if (formula.closest("table")) continue; // its column is as wide as what it holds
      const line = formula.closest("p, li, dd, div");
      const room = SHEET - (article.clientWidth - line.clientWidth);
      const inside = formula.querySelector("mjx-math");
      const width = Math.max(inside?.scrollWidth ?? 0, inside?.offsetWidth ?? 0);
      if (width <= room) continue;
      smaller.set(formula, formula.style.fontSize);
      formula.style.fontSize = `${(parseFloat(formula.style.fontSize) || 100) * (room / width)}%`;
    }
  });
  addEventListener("afterprint", () => {
    root.dataset.theme = root.dataset.themeOnScreen || "light";
    delete root.dataset.themeOnScreen;
    for (const [formula, size] of smaller) formula.style.fontSize = size;
    smaller.clear();
  });
}

// A formula that is wider than its column scrolls, by keyboard too, and fades where it goes on.
// Others are no stops. So does code. One within a line of text first breaks after a relation, a
// sign or a comma, where it has such.
{
  const AFTER = new Set([..."=≠<>≤≥≪≫≈∼≡∝∈→⇒+−±·×,;"]);
  const fade = (formula) => {
    const { scrollLeft, scrollWidth, clientWidth } = formula;
    const more = [];
    if (scrollLeft > 1) more.push("left");
    if (scrollLeft + clientWidth < scrollWidth - 1) more.push("right");
    if (more.length) formula.dataset.more = more.join(" ");
    else delete formula.dataset.more;
  };
  // MathJax writes a sign as a class with its code: mjx-c3D is "=".
  const sign = (part) => {
    const code = /\bmjx-c([0-9A-F]+)\b/.exec(part.firstElementChild?.className ?? "");
    return part.localName === "mjx-mo" && code ? String.fromCodePoint(parseInt(code[1], 16)) : "";
  };
  const mayBreak = (formula) => {
    for (const part of [...(formula.querySelector("mjx-math")?.children ?? [])])
      if (AFTER.has(sign(part)) && part.nextElementSibling)
        part.after(document.createElement("wbr"));
    formula.parentElement.classList.add("may-break");
  };
  const isCut = (formula) => {
    const inside = formula.querySelector("mjx-math"), own = formula.parentElement;
    const line = own.closest("p, li, dd, td, th, div");
    if (!inside || !line.clientWidth) return false;
    const edges = own.classList.contains("may-break") ? [line] : [line, own];
    const right = Math.min(...edges.map((edge) => edge.getBoundingClientRect().right));
    return inside.getBoundingClientRect().right > right + 1;
  };
  const formulas = () =>
    document.querySelectorAll(".bd-article :is(div.math, span.math.scrolls) mjx-container");
  const inLines = () => document.querySelectorAll(".bd-article span.math mjx-container");
  const reach = () => {
    for (const formula of inLines()) {
      const { classList } = formula.parentElement;
      if (classList.contains("scrolls") || !isCut(formula)) continue;
      if (!classList.contains("may-break")) mayBreak(formula);
      if (!isCut(formula)) continue;
      classList.replace("may-break", "scrolls");
      formula.addEventListener("scroll", () => fade(formula));
    }
    for (const formula of formulas()) {
      if (formula.scrollWidth > formula.clientWidth + 1) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
      fade(formula);
    }
    for (const code of document.querySelectorAll(".bd-article pre"))
      code.tabIndex = code.scrollWidth > code.clientWidth ? 0 : -1;
  };
  addEventListener("load", async () => {
    if (window.MathJax?.startup) await MathJax.startup.promise;
    for (const formula of formulas()) formula.addEventListener("scroll", () => fade(formula));
    reach();
    // The theme looks after code too, but not before the page has been still for a while.
    const article = document.querySelector(".bd-article");
    if (article) new ResizeObserver(() => requestAnimationFrame(reach)).observe(article);
  });
}
