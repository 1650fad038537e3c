"use strict";
// Paper has the light colours. The theme is put back when the page has been printed.
addEventListener("beforeprint", () => {
  const root = document.documentElement;
  root.dataset.themeOnScreen = root.dataset.theme || "";
  root.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.themeOnScreen || "light";
  delete root.dataset.themeOnScreen;
});

// A formula that is wider than its column scrolls, by keyboard too, and fades where it goes on.
// Others are no stops.
{
  const fade = (formula) => {
    const { scrollLeft, scrollWidth, clientWidth } = formula;
    const more = [];
    if (scrollLeft > 1) more.push("left");
    if (scrollLeft + clientWidth < scrollWidth - 1) more.push("right");
    if (more.length) formula.dataset.more = more.join(" ");
    else delete formula.dataset.more;
  };
  const formulas = () => document.querySelectorAll(".bd-article div.math mjx-container");
  const reach = () => {
    for (const formula of formulas()) {
      if (formula.scrollWidth > formula.clientWidth + 1) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
      fade(formula);
    }
  };
  addEventListener("load", async () => {
    if (window.MathJax?.startup) await MathJax.startup.promise;
    reach();
    for (const formula of formulas()) formula.addEventListener("scroll", () => fade(formula));
    let waiting = 0;
    addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(reach, 200);
    });
  });
}
