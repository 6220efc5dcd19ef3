"""What a visitor brings stays in the session, not on disk, in a log or a shared cache; what others may see and do."""

import ast
import http.client
import logging
import pickle
import re
import subprocess
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
from tests.pages.conftest import OpenPage
from tests.pages.test_predict import drawn, metrics
from tests.pages.test_train import QUICK, labels, press, run_until, runs, words  # noqa: F401  (runs: a registry each)
from tests.support.audit import watching, written

NAME = "my-secret-name.png"


@pytest.fixture
def digit() -> tuple[bytes, bytes]:
    """A drawing that no data set holds: the file, and the pixels that the model will see."""
    picture = np.zeros((1, 28, 28), np.uint8)
    picture[0, 4:24, 12:15], picture[0, 21:24, 8:20] = 255, 255
    file = drawn(picture)
    return file, find_digits(read_picture(file))[0].tobytes()


def shared_values() -> Iterator[object]:
    """All that Streamlit keeps for every session."""
    for cache in _resource_caches._function_caches.get(None, {}).values():
        yield from cache._mem_cache.values()
    for cache in _data_caches._function_caches.get(None, {}).values():
        yield from cache.storage._mem_cache.values()


def kept_for_all(*secrets: bytes) -> bool:
    """Whether any of these bytes stand in what is kept for every session."""
    found = []
    for value in shared_values():
        try:
            found.append(value if isinstance(value, bytes) else pickle.dumps(value))
        except Exception:  # what cannot be pickled holds locks: the registry of runs
            continue
    assert found
    return any(secret in data for secret in secrets for data in found)


def test_a_picture_stays_in_its_session(
    open_page: OpenPage, digit: tuple[bytes, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """By itself and in a zip. What JAX compiles for any picture may go to its cache of programs."""
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


def test_weights_stay_in_their_session(open_page: OpenPage) -> None:
    """And so does all that is computed of them; what is computed of models that ship is for all."""
    data = bytearray((PRETRAINED / "mlp" / WEIGHTS).read_bytes())
    data[-1] ^= 1
    secret = bytes(data[-4096:])
    app = open_page("predict", predict_view="The whole test set", model="mlp")
    before = len(list(shared_values()))
    app.file_uploader(key="predict_weights").upload("mine.safetensors", bytes(data)).run()
    assert app.selectbox(key="model").value == "mine (uploaded)"
    assert metrics(app)["Mistakes"]
    assert len(list(shared_values())) == before
    assert not kept_for_all(secret)


def test_no_shared_cache_takes_what_a_visitor_brings() -> None:
    """By what its function takes: bytes, files, pictures and own models are for caches of one session."""
    for path in (ROOT / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef):
                continue
            marks = [ast.unparse(mark) for mark in node.decorator_list if "st.cache_" in ast.unparse(mark)]
            if any("kept(" not in mark and "scope='session'" not in mark for mark in marks):
                taken = {
                    ast.unparse(argument.annotation) for argument in node.args.args if argument.annotation
                }
                brought = [t for t in taken if re.search(r"bytes|File|SessionModel|Subject|ndarray", t)]
                assert not brought, f"{path.name}: {node.name} keeps {brought} for all"


def test_ids_cannot_be_guessed() -> None:
    ids = {Job(PLAN).id for _ in range(200)}
    assert len(ids) == 200
    assert min(map(len, ids)) >= 22  # 128 bits from the system's own source
    assert len({job_id[:4] for job_id in ids}) > 190


def test_a_link_to_a_run_lets_others_watch_and_nothing_else(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    browsers = {"owner": token(1), "stranger": token(2)}
    monkeypatch.setattr(owner, "this_browser", lambda: browsers["owner"])
    mine = open_page("train", **QUICK | {"fit_epochs": "500"})
    monkeypatch.setattr("pages.ui.train.runs.this_browser", lambda: browsers["owner"])
    press(mine, "Start training")
    job_id = mine.query_params["job"]
    run_until(mine, lambda: bool(mine.get("vega_lite_chart") or mine.get("arrow_vega_lite_chart")))
    assert {"Pause", "Stop"} <= set(labels(mine))
    refreshed = open_page("train", job=job_id)
    assert {"Pause", "Stop"} <= set(labels(refreshed))

    monkeypatch.setattr(owner, "this_browser", lambda: browsers["stranger"])
    other = open_page("train", job=job_id)
    assert not {"Pause", "Stop", "Resume"} & set(labels(other))
    assert any("somebody else's run" in caption.value for caption in other.caption)
    assert other.get("progress")
    press(mine, "Stop")  # this session started it, whatever the browser says
    run_until(other, lambda: "Use on Predict" in labels(other) or bool(other.get("download_button")))
    assert "Resume" not in labels(other)
    monkeypatch.setattr(owner, "this_browser", lambda: "")
    assert "Resume" not in labels(open_page("train", job=job_id))


def token(seed: int) -> str:
    """A token as Streamlit sets it, masked anew each time."""
    from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

    return generate_xsrf_token_string(bytes([seed]) * 16)


def test_the_configuration_that_ships() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["enableXsrfProtection"] is True
    assert config["server"]["enableCORS"] is True
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
    """A socket from another origin, an upload without the token, and reading what the server says."""
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


SECRETS = re.compile(
    rb"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|-----BEGIN [A-Z ]*PRIVATE KEY-----|xox[bp]-[0-9A-Za-z-]{10}"
)


def test_no_secret_is_in_the_repository() -> None:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in files.decode().split("\0")[:-1]:
        path = ROOT / name
        assert not path.is_file() or not SECRETS.search(path.read_bytes()), name
        assert path.name not in ("secrets.toml", ".env", "id_rsa")
