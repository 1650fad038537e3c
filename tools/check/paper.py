"""How a page prints: in light colours from any theme, with nothing cut and nothing to click."""

from playwright.sync_api import Page

from tools.check.accessibility import themed

__all__ = ["paper_faults"]

SHEET = {"width": 673, "height": 1000}  # pixels of an A4 sheet within margins of 16 mm
LOOK = """() => {
  const article = document.querySelector("article.bd-article") || document.querySelector("main");
  const shade = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  };
  const seen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
  const all = (what) => [...article.querySelectorAll(what)].filter(seen);
  const name = (element) => `${element.tagName.toLowerCase()} ${element.textContent.trim()
    .replace(/\\s+/g, " ").slice(0, 40)}`;
  const edge = article.getBoundingClientRect().right + 2;
  return {
    paper: shade(getComputedStyle(document.body).backgroundColor.replace("rgba(0, 0, 0, 0)",
      "rgb(255, 255, 255)")),
    ink: shade(getComputedStyle(article).color),
    cut: all("pre, table, div.math, mjx-container, img, canvas, aside").filter(
      (part) => part.getBoundingClientRect().right > edge
        || (part.matches("pre, div.math, mjx-container") && part.scrollWidth > part.clientWidth + 2
            && getComputedStyle(part).overflowX !== "visible")).map(name),
    beside: all("aside.margin").filter((part) => getComputedStyle(part).float !== "none").length,
    clickable: all("button, input, .headerlink").length,
  };
}"""


def paper_faults(page: Page) -> list[str]:
    """What is wrong with the page that is open, as it would be printed from the dark theme."""
    page.set_viewport_size(SHEET)
    themed(page, "dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    look = page.evaluate(LOOK)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    themed(page, "light")
    found = [f"on paper {part!r} is cut" for part in look["cut"]]
    if look["paper"] < 0.98:
        found.append(f"paper is dark: {look['paper']:.2f} of white")
    if look["ink"] > 0.35:
        found.append(f"ink is pale on paper: {look['ink']:.2f} of white")
    if look["beside"]:
        found.append(f"on paper {look['beside']} margin notes stand beside the text")
    if look["clickable"]:
        found.append(f"on paper {look['clickable']} buttons wait for a click")
    return found
