"""What every reader needs of a page: its structure, axe-core's rules, figures legible in the dark.

axe-core comes from the package axe-playwright-python. It is run on the page as it stands, without
the inside of formulas: their thousands of glyphs take the colour of the text around them, which is
checked, and MathJax hides them from assistive programs behind MathML.
"""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

__all__ = ["contrast_faults", "rule_faults", "structure_faults", "themed"]

SERIOUS = ("serious", "critical")

STRUCTURE = """() => {
  const article = document.querySelector("main") || document.body;
  return {
    lang: document.documentElement.lang,
    title: document.title.trim(),
    headings: [...article.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(
      (h) => !h.closest(".onlyprint")).map(
      (h) => [Number(h.tagName[1]), h.textContent.replace("#", "").trim()]),
    blurred: [...article.querySelectorAll("img")]
      .filter((p) => !/\\.svg|image\\/svg/.test(p.currentSrc) && p.clientWidth)
      .filter((p) => p.naturalWidth && p.naturalWidth < 2 * p.clientWidth - 4)
      .map((p) => [p.getAttribute("src").slice(0, 80), p.naturalWidth, p.clientWidth]),
    tinted: [...article.querySelectorAll(".math mjx-container")].filter((f) =>
      getComputedStyle(f).color !== getComputedStyle(f.closest(".math").parentElement).color)
      .length,
  };
}"""

AXE = """async (rules) => {
  const options = {resultTypes: ["violations"], preload: false};
  if (rules) options.runOnly = {type: "rule", values: rules};
  const found = await axe.run({exclude: [["mjx-container"]]}, options);
  return found.violations.map((v) => ({
    rule: v.id, impact: v.impact, help: v.help, count: v.nodes.length,
    where: v.nodes[0].target.join(" "),
    why: [...v.nodes[0].any, ...v.nodes[0].all, ...v.nodes[0].none].map((m) => m.message)[0] || "",
  }));
}"""

# Contrast of each picture as it is shown: the ink that stands out most, a fivehundredth of all
# pixels, against the commonest tone, both over what lies behind the picture.
CONTRAST = """async () => {
  const share = 1 / 500;
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$|^transparent$/.test(color)) return color;
    }
    return "white";
  };
  const linear = Float64Array.from({length: 256}, (_, v) =>
    v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const found = [];
  for (const picture of document.querySelectorAll("main img, main canvas, body > img")) {
    const image = picture.tagName === "IMG";
    const width = image ? picture.naturalWidth : picture.width;
    const height = image ? picture.naturalHeight : picture.height;
    if (!width || !height || picture.hidden) continue;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.fillStyle = ground(picture);
    context.fillRect(0, 0, width, height);
    const filter = getComputedStyle(picture).filter;
    if (filter !== "none") context.filter = filter;
    context.drawImage(picture, 0, 0);
    const pixels = context.getImageData(0, 0, width, height).data;
    const tones = new Uint32Array(1001);
    for (let i = 0; i < pixels.length; i += 4)
      tones[Math.round(1000 * (0.2126 * linear[pixels[i]] + 0.7152 * linear[pixels[i + 1]]
        + 0.0722 * linear[pixels[i + 2]]))]++;
    const common = tones.indexOf(Math.max(...tones)) / 1000;
    const ranked = [...tones].map((count, tone) => {
      const [low, high] = [Math.min(tone / 1000, common), Math.max(tone / 1000, common)];
      return [(high + 0.05) / (low + 0.05), count];
    }).sort((a, b) => b[0] - a[0]);
    let seen = 0, contrast = 1;
    for (const [ratio, count] of ranked) {
      seen += count;
      if (seen >= share * width * height) { contrast = ratio; break; }
    }
    found.push({
      name: picture.getAttribute("src")?.slice(0, 80) || picture.className || "canvas",
      least: image ? 4.5 : 3, contrast,
    });
  }
  return found;
}"""


def structure_faults(page: Page) -> list[str]:
    """Language, headings and sharpness: pictures need two pixels for each of the page's."""
    facts = page.evaluate(STRUCTURE)
    found = [] if facts["lang"] else ["the page names no language"]
    if not facts["title"]:
        found.append("the page has no title")
    levels = [level for level, _ in facts["headings"]]
    if levels.count(1) != 1 or levels[0] != 1:
        found.append(f"one first heading of level 1 is to be there, the levels are {levels[:8]}")
    for (before, _), (level, text) in zip(facts["headings"], facts["headings"][1:], strict=False):
        if level > before + 1:
            found.append(f"heading {text!r} of level {level} follows one of level {before}")
    for name, natural, shown in facts["blurred"]:
        found.append(f"picture {name} has {natural} pixels and is shown {shown} wide: not sharp")
    if facts["tinted"]:
        found.append(f"{facts['tinted']} formulas have another colour than the text around them")
    return found


def rule_faults(page: Page, rules: list[str] | None = None) -> list[str]:
    """Serious and critical findings of axe-core, one line a rule."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    return [
        f"axe {v['rule']} ({v['impact']}, {v['count']}): {v['help']}; {v['where']}: {v['why']}"
        for v in page.evaluate(AXE, rules)
        if v["impact"] in SERIOUS
    ]


def contrast_faults(page: Page) -> list[str]:
    """Pictures whose ink does not stand out from its ground in the page's present theme."""
    return [
        f"picture {p['name']}: its ink has a contrast of {p['contrast']:.1f} to its ground, "
        f"{p['least']} is the least"
        for p in page.evaluate(CONTRAST)
        if p["contrast"] < p["least"]
    ]


def themed(page: Page, theme: str) -> None:
    """Let the page take a theme, "light" or "dark", as the reader's system would ask for it."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.wait_for_function(
        "theme => !document.documentElement.dataset.mode"
        " || document.documentElement.dataset.theme === theme",
        arg=theme,
    )
