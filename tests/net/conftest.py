"""These records are made and compared as on a stranger's machine: without MNIST, compiled as users compile."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deq.data import held_out_digits
from tests.conftest import USERS_FLAGS
from tests.pages.conftest import fresh_caches, own_disk, programs_stay  # noqa: F401


@pytest.fixture(autouse=True)
def no_mnist(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """MNIST is neither in MNIST_DIR nor in the cache, and no test before or after shares its digits."""
    empty = tmp_path_factory.mktemp("cache")
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(empty))
    monkeypatch.setenv("XLA_FLAGS", USERS_FLAGS)  # for the processes that a test starts
    held_out_digits.cache_clear()
    yield empty
    held_out_digits.cache_clear()
