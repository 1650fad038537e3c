"""Formulas of which a part can neither be seen nor scrolled to, those in folds too."""

from playwright.sync_api import Page

__all__ = ["cut_formulas"]

CUT = """async (settles) => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  for (const fold of document.querySelectorAll(".toggle-hidden"))
    fold.classList.remove("toggle-hidden");
  await new Promise((resolve) => setTimeout(resolve, settles));
  const isCut = (formula) => {
    const {width, right} = formula.getBoundingClientRect();
    for (let box = formula.parentElement; width && box; box = box.parentElement) {
      const {overflowX} = getComputedStyle(box);
      if (["auto", "scroll"].includes(overflowX)) return false;
      const edge = box.getBoundingClientRect().right;
      if (["hidden", "clip"].includes(overflowX) && right > edge + 2) return true;
    }
    return false;
  };
  return [...document.querySelectorAll("mjx-math")].filter(isCut).map((formula) => {
    const words = formula.closest("p, li, dd, td, div");
    return words ? words.textContent.trim().slice(0, 60) : "?";
  });
}"""


def cut_formulas(page: Page, settles: int) -> list[str]:
    """One line a formula that is cut. All folds are open afterwards.

    Args:
        page: the page, as wide as it is to be looked at.
        settles: milliseconds that it takes to answer to the opened folds.
    """
    return [f"a formula is cut, in {words!r}" for words in page.evaluate(CUT, settles)]
