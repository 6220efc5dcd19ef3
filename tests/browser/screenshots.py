"""Pictures of every page, light, dark and on a phone, into screenshots/: `make screenshots`, then look at them.

The picture in the README is made by the same means: `python -m tests.browser.screenshots docs`.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser

from pages.ui.navigation import PAGES
from tests.browser.harness import running_browser, running_server, visit
from tests.conftest import ROOT

WIDE, NARROW = 1280, 390  # pixels
LOOKS = {
    "light": ("light", WIDE),
    "dark": ("dark", WIDE),
    "phone": ("light", NARROW),
    "phone-dark": ("dark", NARROW),
}
CONTENT = "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"


def take(browser: Browser, url: str, scheme: str, width: int, file: Path) -> None:
    """The whole page at one width, in one colour scheme."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    visit(page, url)
    page.set_viewport_size({"width": width, "height": page.evaluate(CONTENT) + 60})
    page.wait_for_timeout(1000)  # charts measure themselves anew
    page.screenshot(path=file)
    context.close()


def main() -> None:
    with running_server() as address, running_browser() as browser:
        if "docs" in sys.argv[1:]:
            take(browser, address, "light", WIDE, ROOT / "docs" / "home.png")
            return
        folder = ROOT / "screenshots"
        folder.mkdir(exist_ok=True)
        for name in PAGES:
            for look, (scheme, width) in LOOKS.items():
                take(browser, f"{address}/{name}", scheme, width, folder / f"{name}-{look}.png")
                print(folder / f"{name}-{look}.png")


if __name__ == "__main__":
    main()
