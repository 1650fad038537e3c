"use strict";
// What a search shows of a page is its text: no labels of folds and buttons, no folded code, no source
// of formulas. And what was sought stands out on the page that is opened.
{
  const NOT_TEXT =
    ".headerlink, script, style, button, summary, nav, details.hide, [hidden], template";
  const BLOCKS = "p, h1, h2, h3, h4, li, dt, dd, td, th, pre, figcaption";
  const GREEK = { alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ε", varepsilon: "ε",
    zeta: "ζ", eta: "η", theta: "θ", kappa: "κ", lambda: "λ", mu: "μ", nu: "ν", pi: "π", rho: "ρ",
    sigma: "σ", tau: "τ", phi: "φ", varphi: "φ", Phi: "Φ", Theta: "Θ", omega: "ω", mid: "|",
    le: "≤", ge: "≥", approx: "≈", times: "×", cdot: "·", to: "→", infty: "∞", sim: "∼",
    log: "log", mathbb: "", mathbf: "", mathcal: "", mathrm: "", text: "", operatorname: "" };

  // A formula as a line of text, where it is simple enough, and three dots where it is not.
  const told = (tex) => {
    const plain = tex
      .replace(/\\[()[\]]|\\[,;! ]/g, "")
      .replace(/\\([A-Za-z]+)/g, (whole, name) => (name in GREEK ? GREEK[name] : whole))
      .replace(/\^2/g, "²")
      .replace(/[{}]/g, "")
      .trim();
    return /[\\&^]/.test(plain) || plain.length > 40 ? "…" : plain;
  };

  const text = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const part of page.querySelectorAll(NOT_TEXT)) part.remove();
    for (const formula of page.querySelectorAll(".math")) formula.textContent = told(formula.textContent);
    for (const block of page.querySelectorAll(BLOCKS)) block.append(" ");
    const main = page.querySelector('[role="main"]');
    const place = (anchor && page.getElementById(anchor.slice(1))) || main;
    return (place?.textContent ?? "").replace(/\s+/g, " ").trim();
  };

  // Sphinx leaves this out where its search is loaded, and the theme loads that on every page.
  const standOut = (article) => {
    const sought = localStorage.getItem("sphinx_highlight_terms") || "";
    localStorage.removeItem("sphinx_highlight_terms");
    for (const term of sought.toLowerCase().split(/\s+/).filter(Boolean))
      _highlightText(article, term, "highlighted");
  };

  addEventListener("DOMContentLoaded", () => {
    if (typeof Search === "undefined") return;
    Search.htmlToText = text;
    const article = document.querySelector(".bd-article");
    if (article && !document.querySelector("#search-results") && typeof _highlightText === "function")
      standOut(article);
  });
}
