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

// A formula that is wider than its column scrolls, by keyboard too. Others are no stops.
{
  const reach = () => {
    for (const formula of document.querySelectorAll(".bd-article div.math")) {
      if (formula.scrollWidth > formula.clientWidth + 1) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
    }
  };
  addEventListener("load", async () => {
    if (window.MathJax?.startup) await MathJax.startup.promise;
    reach();
    let waiting = 0;
    addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(reach, 200);
    });
  });
}
