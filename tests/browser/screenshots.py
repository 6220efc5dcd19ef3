"""Pictures of every page and every tab, light, dark and on a phone, into screenshots/ (`make screenshots`).

`python -m tests.browser.screenshots toy predict` takes those pages alone, and
`python -m tests.browser.screenshots docs` makes the pictures of the README.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from pages.ui.widgets.navigation import PAGES
from tests.browser.harness import SLOW, running_browser, running_server, settle, visit
from tests.conftest import ROOT

WIDE, NARROW, HEIGHT = 1280, 390, 900  # pixels
LOOKS = {
    "light": ("light", WIDE),
    "dark": ("dark", WIDE),
    "phone": ("light", NARROW),
    "phone-dark": ("dark", NARROW),
}
# In the README: file in docs/ -> address and how much of the page, in pixels.
SHOWN = {
    "home": ("", 1330),
    "fixed_points": ("fixed_points?preset=logistic+map&a=3.5", 830),
    "solvers": ("solvers?race_model=mlp", 1000),
    "predict": ("predict?predict_way=Test+digit&index=47&model=mlp", 1000),
}
CONTENT = "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"


def open_page(browser: Browser, url: str, scheme: str, width: int) -> Page:
    """A new visitor, with nothing kept from the previous picture."""
    context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)
    context.set_default_timeout(SLOW)
    page = context.new_page()
    visit(page, url)
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


def take_for_docs(browser: Browser, address: str) -> None:
    """Few colours and 960 pixels wide, to keep the repository small."""
    for name, (path, height) in SHOWN.items():
        page = open_page(browser, f"{address}/{path}", "light", WIDE)
        file = ROOT / "docs" / f"{name}.png"
        take(page, file, height)
        page.context.close()
        small = Image.open(file).convert("RGB").resize((960, 960 * height // WIDE), Image.Resampling.LANCZOS)
        small.quantize(64, dither=Image.Dither.NONE).save(file, optimize=True)


def main() -> None:
    chosen = sys.argv[1:]
    with running_server() as address, running_browser() as browser:
        if chosen == ["docs"]:
            take_for_docs(browser, address)
        else:
            take_all(browser, address, chosen or list(PAGES))


if __name__ == "__main__":
    main()
