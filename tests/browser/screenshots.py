"""Pictures of every page and every tab, light, dark and on a phone, into screenshots/ (`make screenshots`).

`python -m tests.browser.screenshots toy predict` takes those pages alone, and
`python -m tests.browser.screenshots docs` makes the pictures of the README, light and dark; one moves.
"""

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from deq.images.drawing import read_drawing
from pages.ui.home.story import DRAWINGS
from pages.ui.widgets.navigation import PAGES
from tests.browser.harness import SLOW, running_browser, running_server, settle, visit
from tests.conftest import ROOT

WIDE, NARROW, HEIGHT, MOVING = 1280, 390, 900, 790  # pixels; MOVING: the height of the moving picture
LOOKS = {
    "light": ("light", WIDE),
    "dark": ("dark", WIDE),
    "phone": ("light", NARROW),
    "phone-dark": ("dark", NARROW),
}
# In the README: file in docs/ -> address and how much of the page, in pixels.
SHOWN = {
    "home": ("", 1304),
    "fixed_points": ("fixed_points?preset=logistic+map&a=3.5", 868),
    "solvers": ("solvers?race_model=mlp", 914),
}
CONTENT = "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"


def open_page(browser: Browser, url: str, scheme: str, width: int) -> Page:
    """A new visitor, with nothing kept from the previous picture."""
    context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)
    context.set_default_timeout(SLOW)
    page = context.new_page()
    visit(page, url)
    expect(page.get_by_text("Times appear")).to_have_count(0, timeout=SLOW)  # on Solvers
    settle(page)
    return page


def take(page: Page, file: Path, height: int | None = None) -> None:
    """The whole page, or its upper part."""
    width = page.viewport_size["width"]
    page.set_viewport_size({"width": width, "height": height or page.evaluate(CONTENT) + 60})
    page.wait_for_timeout(1000)  # charts resize
    page.screenshot(path=file)
    page.set_viewport_size({"width": width, "height": HEIGHT})
    print(file)


def opened_tabs(page: Page) -> Iterator[str]:
    """Opens each further tab of the page; yields its name as a part of a file name."""
    tabs = page.get_by_role("tablist").first.get_by_role("tab")
    for i in range(1, tabs.count()):
        tabs.nth(i).click()
        settle(page)
        yield re.sub(r"\W+", "-", tabs.nth(i).inner_text().strip().lower())


def take_all(browser: Browser, address: str, names: list[str]) -> None:
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    for name in names:
        for look, (scheme, width) in LOOKS.items():
            page = open_page(browser, f"{address}/{name}", scheme, width)
            take(page, folder / f"{name}-{look}.png")
            for tab in opened_tabs(page):
                take(page, folder / f"{name}-{tab}-{look}.png")
            page.context.close()


def take_for_docs(browser: Browser, address: str, scheme: str) -> None:
    """960 pixels wide, in true colours: a small palette turns orange into brown."""
    dark = "-dark" * (scheme == "dark")
    for name, (path, height) in SHOWN.items():
        page = open_page(browser, f"{address}/{path}", scheme, WIDE)
        file = ROOT / "docs" / f"{name}{dark}.png"
        take(page, file, height)
        page.context.close()
        small = Image.open(file).convert("RGB").resize((960, 960 * height // WIDE), Image.Resampling.LANCZOS)
        small.save(file, optimize=True)
    page = open_page(browser, f"{address}/predict?predict_way=Draw", scheme, WIDE)
    save_moving(list(drawn_digit(page)), ROOT / "docs" / f"predict{dark}.gif")
    page.context.close()


def drawn_digit(page: Page) -> Iterator[tuple[bytes, int]]:
    """Pictures of a digit being drawn and of its solve, each with the milliseconds that it is shown."""
    page.set_viewport_size({"width": WIDE, "height": MOVING})
    board = page.locator("canvas").last
    board.wait_for()
    strokes = read_drawing(DRAWINGS["hard"])
    for _ in stroked(page, board.bounding_box(), strokes[0]):  # the first one compiles
        pass
    expect(page.locator(".clock")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Clear").click()
    settle(page)
    box = page.locator("canvas").last.bounding_box()
    for stroke in strokes:
        for number, _ in enumerate(stroked(page, box, stroke)):
            if number % 4 == 0:
                yield page.screenshot(), 80
        for _ in range(14):  # the answer, and the clock that plays once
            yield page.screenshot(), 120
            page.wait_for_timeout(120)
    yield page.screenshot(), 3000


def stroked(page: Page, box: dict[str, float], stroke: Iterable[tuple[int, int]]) -> Iterator[None]:
    """Draw a stroke on the board in this box, point by point."""
    for number, (x, y) in enumerate(stroke):
        page.mouse.move(box["x"] + x, box["y"] + y)
        if number == 0:
            page.mouse.down()
        yield
    page.mouse.up()


def save_moving(shown: list[tuple[bytes, int]], file: Path) -> None:
    """A GIF of 720 pixels in width, with one palette for all its pictures."""
    pictures = [Image.open(io.BytesIO(data)).convert("RGB") for data, _ in shown]
    size = (720, 720 * MOVING // WIDE)
    small = [picture.resize(size, Image.Resampling.LANCZOS) for picture in pictures]
    palette = palette_of(small[-1])
    frames = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in small]
    frames[0].save(
        file, save_all=True, append_images=frames[1:], duration=[ms for _, ms in shown], loop=0, optimize=True
    )
    print(file)


def palette_of(picture: Image.Image) -> Image.Image:
    """The commonest colours exactly, such as the page's own; others so that red stays red beside orange."""
    counted = sorted(picture.getcolors(picture.width * picture.height), reverse=True)
    exact = [level for _, colour in counted[:64] for level in colour]
    others = picture.quantize(192, Image.Quantize.MAXCOVERAGE).getpalette()
    palette = Image.new("P", (1, 1))
    palette.putpalette(exact + others)
    return palette


def main() -> None:
    chosen = sys.argv[1:]
    with running_server() as address, running_browser() as browser:
        if chosen == ["docs"]:
            for scheme in ("light", "dark"):
                take_for_docs(browser, address, scheme)
        else:
            take_all(browser, address, chosen or list(PAGES))


if __name__ == "__main__":
    main()
