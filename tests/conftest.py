"""What all tests share: where the real MNIST lies, how programs are compiled, what was skipped and why."""

import gc
import os
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BESIDE = ROOT.parent / "shared" / "mnist"
MAPS, MOST_MAPS = Path("/proc/self/maps"), 40_000  # Linux lists a process's pieces of memory there

if "MNIST_DIR" not in os.environ and BESIDE.is_dir():
    os.environ["MNIST_DIR"] = str(BESIDE)

# Most of a test's time is compilation. Programs are kept, the smallest too, also for the processes that
# tests start; without lines of source in them, which take a tenth of the time. JAX reads all this once.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_TRACEBACK_IN_LOCATIONS_LIMIT", "0")

# One device, however many cores: what `deq.devices.use_cores` does has tests of its own. LLVM does not optimise,
# since a test runs its programs once. Wheels, commands and first visits are tested with the users' flags.
USERS_FLAGS = "--xla_force_host_platform_device_count=1"
QUICK = "--xla_backend_optimization_level=0"
if version("jax") < "0.11":  # its new emitters take twice as long to compile; those since do not
    QUICK += " --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
os.environ.setdefault("XLA_FLAGS", f"{USERS_FLAGS} {QUICK}")

import jax  # noqa: E402


def with_devices(count: int) -> dict[str, str]:
    """The environment of a process with this many CPU devices."""
    flags = f"--xla_force_host_platform_device_count={count} {QUICK}"
    return os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that use the real MNIST carry the mark `mnist`."""
    for item in items:
        if "mnist_dir" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.mnist)


def pytest_collection_finish() -> None:
    """JAX and its kin hold a million objects for good: looking through them again and again takes a tenth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a reason for what was skipped; the reason says how to run it."""
    reports = terminalreporter.getreports("skipped")
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"skipped {count}: {reason}")


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
    if not MAPS.exists() or len(MAPS.read_bytes().splitlines()) > MOST_MAPS:
        jax.clear_caches()
