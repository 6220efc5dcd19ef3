"""What all tests share: where the real MNIST lies, when it lies anywhere."""

import os
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest

ROOT = Path(__file__).resolve().parent.parent
BESIDE = ROOT.parent / "shared" / "mnist"

if "MNIST_DIR" not in os.environ and BESIDE.is_dir():
    os.environ["MNIST_DIR"] = str(BESIDE)

# Most of a test's time is compilation: programs are kept, also for the processes that tests start,
# down to the smallest, of which every file has a hundred.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

# One device, however many cores: what `deq.devices.use_cores` does has tests of its own.
FLAGS = "--xla_force_host_platform_device_count=1"
if jax.__version_info__ < (0, 11):  # its new emitters take twice as long to compile; those since do not
    FLAGS += " --xla_cpu_use_fusion_emitters=false"
os.environ.setdefault("XLA_FLAGS", FLAGS)


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The folder with MNIST's four files; the test is skipped where there is none."""
    folder = os.environ.get("MNIST_DIR")
    if not folder:
        pytest.skip("needs the real MNIST: set MNIST_DIR to a folder with its four .gz files")
    return Path(folder)


@pytest.fixture
def double_precision() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module", autouse=True)
def _forget_programs() -> Iterator[None]:
    """A process may map 65,530 pieces of memory; thousands of compiled programs reach that, and then XLA crashes."""
    yield
    jax.clear_caches()
