"""A server factors matrices by one thread, whichever comes first: its entry point or a deep-linked page."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

CODE = """
import sys
{first}
from pages.ui.server.threads import limit_threads
limit_threads()
import scipy.linalg
from threadpoolctl import threadpool_info
used = [one["num_threads"] for one in threadpool_info() if one["filepath"].count("scipy.libs")]
assert set(used) <= {{1}}, used
"""


@pytest.mark.parametrize("first", ["", "import scipy.linalg"])
def test_one_thread(first: str) -> None:
    rest = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    subprocess.run(
        [sys.executable, "-c", CODE.format(first=first)], cwd=ROOT, env=rest, check=True, timeout=120
    )
