"""What all figures with sliders share: how they are moved, and how they are seen, in a browser."""

import xml.etree.ElementTree as ElementTree

import pytest

from tests.page.explorers import browser_only
from tests.page.sliders import FIGURES, each, numbers, pictures, write
from tools.check.accessibility import contrast_faults, rule_faults
from vhp_core.page.slider_plot import digits


@pytest.fixture
def opened(page, tmp_path):
    """A function that opens a figure in a window of its own, and returns the window's page."""
    contexts, faults, browser = [], [], page.context.browser

    def opened(made, **options):
        context = browser.new_context(**{"viewport": {"width": 800, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: faults.append(request.url) if not request.url.startswith(
            ("file:", "data:")) else None)  # fmt: skip
        page.goto(write(tmp_path, made))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


# ---- how it is moved ----------------------------------------------------------------------------


def value_of(page, number=0):
    return page.evaluate(
        """(number) => { const figure = document.querySelector("figure");
        const name = Object.keys(figure.sliders.clip.sliders)[number];
        return [figure.sliders.clip.sliders[name].indexOf(figure.sliders.state[name]), name,
                figure.sliders.state[name]]; }""",
        number,
    )


@browser_only
@each
def test_keys_move_a_slider_and_its_value_is_told(made, opened):
    page = opened(made())
    slider, output = page.locator("input[type=range]").first, page.locator("output").first
    start, _, _ = value_of(page)
    told, readings = slider.get_attribute("aria-valuetext"), page.locator("dl").inner_text()
    slider.focus()
    for key, way in (("ArrowRight", 1), ("ArrowUp", 2), ("ArrowLeft", 1)):
        slider.press(key)
        index, _, value = value_of(page)
        assert index == start + way and output.inner_text() == digits(value)
    assert slider.get_attribute("aria-valuetext") != told
    assert slider.get_attribute("aria-valuetext").startswith(digits(value) + ", ")
    assert page.locator("dl").inner_text() != readings
    slider.press("End")
    assert value_of(page)[0] == int(slider.get_attribute("max"))
    slider.press("Home")
    assert value_of(page)[0] == 0


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@browser_only
@each
def test_every_handle_follows_the_pointer(made, opened):
    page = opened(made())
    handles = page.locator(".slider-handle")
    for number in range(handles.count()):
        handle = handles.nth(number)
        handle.scroll_into_view_if_needed()
        (x, y), name = middle(handle), handle.get_attribute("data-slider")
        values = []
        panel = handle.evaluate("""(handle) => {
          const box = handle.parentNode.getBoundingClientRect();
          return [box.left, box.right]; }""")
        for dx, dy in ((35, -10), (-60, 20)):
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move(x + dx, y + dy, steps=3)
            page.mouse.up()
            x, y = middle(handle)
            assert panel[0] <= x <= panel[1]
            values.append(page.evaluate("document.querySelector('figure').sliders.state")[name])
        moved = page.evaluate("document.activeElement.dataset.slider")
        assert len(set(values)) == 2 and moved == name, handle.get_attribute("data-handle")


@browser_only
@pytest.mark.parametrize(
    ("made", "handle", "way"),
    [(FIGURES["ring"], "across", (22, 0)), (FIGURES["water"], "level", (0, -50)),
     (FIGURES["weights"], "number", (80, 0))],
)  # fmt: skip
def test_a_handle_stays_under_the_pointer(made, handle, way, opened):
    page = opened(made())
    part = page.locator(f"[data-handle={handle}]")
    part.scroll_into_view_if_needed()
    x, y = middle(part)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + way[0], y + way[1], steps=4)
    page.mouse.up()
    end = middle(part)
    axis = 0 if way[0] else 1
    allowed = 25 if handle == "number" else 5  # K doubles from value to value
    assert abs(end[axis] - (x, y)[axis] - way[axis]) < allowed


@browser_only
@each
def test_a_finger_moves_a_handle_and_not_the_page(made, opened):
    page = opened(made(), has_touch=True, viewport={"width": 390, "height": 700})
    handle = page.locator(".slider-handle").first
    handle.scroll_into_view_if_needed()
    (x, y), before = middle(handle), value_of(page)[0]
    scrolled = page.evaluate("scrollY")
    touches = page.context.new_cdp_session(page)

    def touch(kind, *points):
        points = [{"x": px, "y": py} for px, py in points]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (x + 15, y))  # beside it: 44 pixels answer
    for part in (0.5, 1.0):
        touch("touchMove", (x + 15 + 40 * part, y + 30 * part))
    touch("touchEnd")
    assert value_of(page)[0] != before and page.evaluate("scrollY") == scrolled


# ---- how it is seen -----------------------------------------------------------------------------


@browser_only
@each
def test_without_scripts_it_is_a_still_picture(made, opened):
    page = opened(made(), java_script_enabled=False)
    images = page.locator("img")
    for number in range(images.count()):
        assert images.nth(number).is_visible() and images.nth(number).bounding_box()["height"] > 200
    assert images.count() >= 2 and page.locator("dd").first.is_visible()
    assert not page.locator("input").first.is_visible()
    assert not page.locator(".slider-handle").first.is_visible()


@browser_only
@each
def test_the_still_picture_is_what_the_script_draws_first(made, opened):
    page = opened(made())
    drawn = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("[data-mark]")].map((part) => [
          part.dataset.mark,
          [part.getAttribute("d") || "", part.getAttribute("cx") || "", part.textContent]]))"""
    )
    found = {}
    for picture in pictures(made()):
        for part in ElementTree.fromstring(picture).iter():
            if name := part.get("data-mark"):
                found[name] = [part.get("d", ""), part.get("cx", ""), part.text or ""]
    assert set(found) == set(drawn)
    for name, parts in found.items():
        for still, live in zip(parts, drawn[name], strict=True):
            assert numbers(still)[1] == numbers(live)[1]
            assert numbers(still)[0] == pytest.approx(numbers(live)[0], abs=0.11)


@browser_only
@each
def test_print_has_the_pictures_and_no_controls(made, opened):
    page = opened(made(), color_scheme="dark")
    page.emulate_media(media="print")
    assert page.locator("svg").first.is_visible()
    assert not page.locator("input").first.is_visible()
    assert not page.locator(".slider-handle").first.is_visible()
    assert page.locator("figure").evaluate(GROUND) == "rgb(255, 255, 255)"


GROUND = "(figure) => getComputedStyle(figure).backgroundColor"


@browser_only
@each
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_free_of_faults_in_both_themes(made, scheme, opened):
    page = opened(made(), color_scheme=scheme)
    assert rule_faults(page) == [] and contrast_faults(page) == []
    light = page.locator("figure").evaluate(GROUND) == "rgb(255, 255, 255)"
    assert light == (scheme == "light")


@browser_only
@each
def test_it_follows_the_theme_of_the_page(made, opened):
    page = opened(made(), color_scheme="light")
    figure, seen = page.locator("figure"), []
    for change in ("html.dataset.theme = 'dark'", "html.dataset.theme = 'light'",
                   "delete html.dataset.theme; body.dataset.jpThemeLight = 'false'"):  # fmt: skip
        page.evaluate(f"() => {{ const {{ body, documentElement: html }} = document; {change} }}")
        seen.append(figure.evaluate(GROUND) == "rgb(255, 255, 255)")
    assert seen == [False, True, False]


@browser_only
@each
@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_it_fits(made, width, opened):
    page = opened(made(), viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".slider-panel svg").first.bounding_box()["width"] > 230
    outside = page.evaluate(
        """() => [...document.querySelectorAll(".slider-panel > svg")].flatMap((picture) => {
          const box = picture.getBoundingClientRect();
          return [...picture.querySelectorAll("text")].filter((part) => part.textContent).filter(
            (part) => { const own = part.getBoundingClientRect();
            return own.left < box.left - 1 || own.right > box.right + 1; })
            .map((part) => part.textContent);
        })"""
    )
    assert outside == []
