"""Touch every latent explorer of a page, as a reader does, and see that it answers.

Its decoder gives what PyTorch gave, its handle follows the pointer and the arrow keys, what is
decoded changes with it, and a drag is answered quickly. Some pages must have one.
"""

import math
import statistics

from playwright.sync_api import ElementHandle, Page

TOLERANCE = 1e-4  # greatest difference between the page's decoding and PyTorch's
RATE = 30.0  # answers to a drag, a second
MOVES = 200
PAGES = ("index.html", "08_cmu_motion.html", "09_faces.html")  # those that must have an explorer

# Of each point some of the values are known, at places that differ from point to point.
DECODED = """(figure) => {
  const { clip, decode, floats } = figure.explorer;
  return clip.panels.map(({ network: { checks: { x, z, size, thin } } }, panel) => {
    const wanted = floats(x);
    let worst = 0, at = 0, whole = true;
    z.forEach((point, i) => {
      const decoded = decode(panel, point);
      whole &&= decoded.length === size;
      for (let d = i % thin; d < size; d += thin) {
        worst = Math.max(worst, Math.abs(decoded[d] - wanted[at++])); // NaN stays
      }
    });
    return whole && at === wanted.length ? worst : NaN;
  });
}"""
# The seconds from each of many moves of the pointer, on a circle about the map's middle, until
# what they call for has been drawn.
DRAG = """async ([figure, handle, moves]) => {
  const box = figure.querySelector("canvas").getBoundingClientRect();
  const own = handle.getBoundingClientRect();
  const radius = Math.min(80, box.width / 6);
  const middle = [own.x + own.width / 2, own.y + own.height / 2];
  const tell = (kind, x, y) => handle.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, clientX: x, clientY: y }));
  const seconds = [];
  handle.setPointerCapture = () => {};
  handle.hasPointerCapture = () => true;
  tell("pointerdown", ...middle);
  for (let i = 0; i < moves; i++) {
    const angle = (2 * Math.PI * i) / 50;
    const before = figure.explorer.drawn, start = performance.now();
    tell("pointermove", middle[0] + radius * Math.cos(angle), middle[1] + radius * Math.sin(angle));
    while (figure.explorer.drawn === before) {
      if (performance.now() - start > 2000) return [];
      await new Promise((ready) => requestAnimationFrame(() => setTimeout(ready)));
    }
    seconds.push((performance.now() - start) / 1000);
  }
  delete handle.setPointerCapture;
  delete handle.hasPointerCapture;
  return seconds;
}"""
# What is drawn beside the map of a handle that is held, and what its place decodes to.
HELD = """(figure) => {
  const { decode, ends, pictures } = figure.explorer;
  return [pictures(0), decode(0, ends[0][0])];
}"""
END = "(figure) => figure.explorer.places[0][0]"  # where the first handle is on its map


def explore(page: Page) -> list[str]:
    """What is wrong with the explorers of a page."""
    found = []
    for number, figure in enumerate(page.query_selector_all("figure.latent-explorer"), 1):
        figure.scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        if figure.evaluate("(figure) => !figure.explorer || !figure.explorer.drawn"):
            found.append(f"latent explorer {number} draws nothing")
            continue
        faults = [*decoding(figure), *following(page, figure), *keyboard(page, figure)]
        rate, slow = frame_rate(figure)
        print(f"       latent explorer {number}: {rate:.0f} answers to a drag a second", flush=True)
        found += [f"latent explorer {number} {fault}" for fault in [*faults, *slow]]
    return found


def missing(name: str, number: int) -> list[str]:
    """What is wrong where a page has a number of explorers."""
    return [] if number or name not in PAGES else ["the page has no latent explorer"]


def decoding(figure: ElementHandle) -> list[str]:
    """Whether each model's decoder in the page gives what PyTorch gave."""
    return [
        f"decodes model {panel} {'wrongly' if off is None else f'with an error of {off:.2g}'}"
        for panel, off in enumerate(figure.evaluate(DECODED), 1)
        if off is None or not off <= TOLERANCE  # NaN arrives as None
    ]


def following(page: Page, figure: ElementHandle) -> list[str]:
    """Whether handle A goes where the pointer drags it, and the picture with it."""
    handle = figure.query_selector(".explorer-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_timeout(100)
    start, (before, _) = figure.evaluate(END), figure.evaluate(HELD)
    page.mouse.move(x + 20, y - 15, steps=4)
    page.wait_for_timeout(100)
    end, (after, wanted) = figure.evaluate(END), figure.evaluate(HELD)
    page.mouse.up()
    moved = handle.bounding_box()
    off = math.hypot(moved["x"] - box["x"] - 20, moved["y"] - box["y"] + 15)
    if off > 2 or not (end[0] > start[0] and end[1] > start[1]):
        return ["does not follow the pointer"]
    return [] if before != after == [wanted] else ["does not show what its handle decodes to"]


def keyboard(page: Page, figure: ElementHandle) -> list[str]:
    """Whether the arrow keys move a handle that has the focus, and its value is told."""
    handle = figure.query_selector(".explorer-handle")
    handle.focus()
    start, told = figure.evaluate(END), handle.get_attribute("aria-valuetext")
    for key in ("ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    page.wait_for_timeout(100)
    end = figure.evaluate(END)
    if not (end[0] > start[0] and end[1] > start[1]):
        return ["does not follow the arrow keys"]
    same = handle.get_attribute("aria-valuetext") == told
    return ["does not tell where its handle is"] if same else []


def frame_rate(figure: ElementHandle) -> tuple[float, list[str]]:
    """Answers to a drag a second, by the median over many moves, and whether these are too few."""
    handle = figure.query_selector(".explorer-handle")
    arguments = [figure, handle, MOVES]
    seconds = figure.owner_frame().evaluate(DRAG, arguments)
    rate = 1 / statistics.median(seconds) if len(seconds) == MOVES else 0.0
    slow = f"answers {rate:.0f} moves of a drag a second, and {RATE:.0f} are wanted"
    return rate, [slow] if rate < RATE else []
