"""The documentation builds without a warning, its links lead somewhere, and it needs no network."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import deq
from tests.conftest import ROOT


class Page(HTMLParser):
    """Where a page links to, what it loads, and the places in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.places: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value for name, value in attrs if value}
        self.places |= {found[name] for name in ("id", "name") if name in found}
        if "href" in found:
            (self.links if tag == "a" else self.loads).add(found["href"])
        self.loads |= {found[name] for name in ("src", "srcset") if name in found}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("furo", reason="pip install -e '.[docs]', as `make long` does")
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "-c",
        "docs",
        "-d",
        folder / "trees",
        ".",
        folder / "html",
    ]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert built.returncode == 0, built.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


@pytest.mark.long
def test_every_link_within_the_site_leads_to_its_place(pages: dict[Path, Page]) -> None:
    assert len(pages) > 100
    for path, page in pages.items():
        for link in page.links | page.loads:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), f"{path.name} links to {link}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].places | {"top"}, (
                    f"{path.name} links to {link}"
                )


@pytest.mark.long
def test_no_page_loads_anything_from_a_network(site: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        assert not [link for link in page.loads if urlsplit(link).netloc], path
        assert 'import "https:' not in path.read_text(), path
    assert (site / "docs" / "deq.html").read_text().count("Plotly.newPlot") >= 2


@pytest.mark.long
def test_all_that_deq_exports_is_listed_and_linked(site: Path, pages: dict[Path, Page]) -> None:
    linked = {
        urlsplit(link).fragment.rpartition(".")[2] for link in pages[site / "docs/api/index.html"].links
    }
    assert set(deq.__all__) <= linked
