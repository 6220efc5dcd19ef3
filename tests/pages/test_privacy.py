"""A visitor's data stay with the visitor, not on disk, in a log or in a shared cache; what others may see and do."""

import http.client
import logging
import pickle
import tomllib
from collections.abc import Iterator

import jax
import numpy as np
import pytest
from streamlit.runtime.caching.cache_data_api import _data_caches
from streamlit.runtime.caching.cache_resource_api import _resource_caches

from deq.images import find_digits, read_picture
from deq.jobs import Job
from deq.models.checkpoints import PRETRAINED, WEIGHTS
from pages.ui.server import owner
from tests.browser.harness import running_server
from tests.conftest import ROOT
from tests.images.test_bundle import zipped
from tests.jobs.test_jobs import PLAN
from tests.pages.conftest import OpenPage, metrics, words
from tests.pages.test_predict import drawn
from tests.support.audit import watching, written

NAME = "my-secret-name.png"
OWN_WEIGHTS = {"race_model": "your own weights", "race_size": "8", "race_solvers": "Anderson"}


@pytest.fixture
def digit() -> tuple[bytes, bytes]:
    """A drawing that is in no data set: the file, and the pixels that the model sees."""
    picture = np.zeros((1, 28, 28), np.uint8)
    picture[0, 4:24, 12:15], picture[0, 21:24, 8:20] = 255, 255
    file = drawn(picture)
    return file, find_digits(read_picture(file))[0].tobytes()


def shared_values() -> Iterator[object]:
    """All values that Streamlit caches for every session."""
    for cache in _resource_caches._function_caches.get(None, {}).values():
        yield from cache._mem_cache.values()
    for cache in _data_caches._function_caches.get(None, {}).values():
        yield from cache.storage._mem_cache.values()


def kept_for_all(*secrets: bytes) -> bool:
    """Whether any of these bytes are in a cache for every session."""
    found = []
    for value in shared_values():
        try:
            found.append(value if isinstance(value, bytes) else pickle.dumps(value))
        except Exception:  # the registry of runs and the store of own models hold locks
            continue
    assert found
    return any(secret in data for secret in secrets for data in found)


def test_a_picture_stays_in_its_session(
    open_page: OpenPage, digit: tuple[bytes, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Alone and in a zip. Compiled programs, the same for any picture, may be written to disk."""
    file, seen = digit
    files = [(NAME, file, "image/png"), ("all.zip", zipped({NAME: file}), "application/zip")]
    app = open_page("predict", model="mlp")
    with watching() as events, caplog.at_level(logging.INFO):
        app.file_uploader(key="upload").set_value(files).run()
    assert not app.exception
    assert metrics(app)["Prediction"]
    assert NAME in list(app.dataframe[0].value["file"])
    programs = str(jax.config.jax_compilation_cache_dir)
    assert [name for name in written(events) if not name.startswith(programs)] == []
    assert NAME not in caplog.text
    assert not kept_for_all(file, seen)


@pytest.mark.parametrize(
    ("name", "uploader", "query", "shown"),
    [
        ("predict", "predict_weights", {"predict_view": "The whole test set", "model": "mlp"}, "Mistakes"),
        ("train", "fit_upload", {}, "The model **mlp**"),
        ("solvers", "race_weights", OWN_WEIGHTS, "Fewest evaluations"),
    ],
)
def test_weights_reach_no_shared_cache(
    open_page: OpenPage, name: str, uploader: str, query: dict[str, str], shown: str
) -> None:
    """The store of own models is keyed by browser; see test_kept.py."""
    data = bytearray((PRETRAINED / "mlp" / WEIGHTS).read_bytes())
    data[-1] ^= 1
    app = open_page(name, **query)
    app.file_uploader(key=uploader).upload("mine.safetensors", bytes(data)).run()
    assert not app.exception
    assert shown in metrics(app) or shown in words(app)
    assert not kept_for_all(bytes(data[-4096:]))


@pytest.mark.parametrize(("browser", "mine"), [(1, True), (2, False), (None, False)])
def test_a_run_belongs_to_its_browser(
    monkeypatch: pytest.MonkeyPatch, browser: int | None, mine: bool
) -> None:
    cookie = "" if browser is None else token(browser)
    monkeypatch.setattr(owner, "this_browser", lambda: cookie)
    job = Job(PLAN, token(1))
    assert owner.is_mine(job) == mine
    owner.claim(job)  # and to the session that started it
    assert owner.is_mine(job)


def token(seed: int) -> str:
    """A token as Streamlit sets it, masked differently each time."""
    from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

    return generate_xsrf_token_string(bytes([seed]) * 16)


def test_the_configuration_that_ships() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["maxUploadSize"] <= 20
    assert config["client"]["showErrorDetails"] == "none"
    assert config["browser"]["gatherUsageStats"] is False


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_server() as running:
        yield running.removeprefix("http://")


def ask(address: str, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request(
        method, path, b"x" if method == "PUT" else None, {k.replace("_", "-"): v for k, v in headers.items()}
    )
    return connection.getresponse()


UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
UPGRADE |= {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def test_other_sites_cannot_speak_for_a_visitor(address: str) -> None:
    """A socket from another origin, an upload without the token, and reading a response."""
    assert ask(address, "GET", "/_stcore/stream", Origin=f"http://{address}", **UPGRADE).status == 101
    assert ask(address, "GET", "/_stcore/stream", Origin="http://evil.example", **UPGRADE).status == 403
    assert ask(address, "PUT", "/_stcore/upload_file/a/b").status == 403
    said = ask(address, "GET", "/_stcore/health", Origin="http://evil.example")
    assert said.status == 200
    assert said.getheader("Access-Control-Allow-Origin") is None


def test_no_file_beside_the_app_is_served(address: str) -> None:
    for path in (
        "/../requirements.txt",
        "/%2e%2e/requirements.txt",
        "/static/../../app.py",
        "/app/static/../app.py",
        "/.git/config",
    ):
        body = ask(address, "GET", path).read()
        assert b"streamlit>=" not in body
        assert b"require_app" not in body
        assert b"repositoryformatversion" not in body
