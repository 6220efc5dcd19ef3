"""Mistakes that a tired programmer makes, one line each: the tests of that part of deq must catch every one.

    python -m benchmarks.mutations [WORD ...]

changes one line at a time in a copy of the tree and runs the tests named for it; given words, it takes only
mutations of files whose path contains one of them. Its exit status is 1 if a mutation is not caught.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.mutants import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "build", "*.egg-info")
SLOWEST = 600.0  # seconds for one mutation's tests; a mutant that hangs is caught


def changed(text: str, mutation: Mutation) -> str:
    """The file's text with the mistake in it."""
    if text.count(mutation.old) != 1:
        raise SystemExit(
            f"{mutation.file} has {mutation.old!r} {text.count(mutation.old)} times, not once: mend MUTATIONS."
        )
    return text.replace(mutation.old, mutation.new)


def caught(tree: Path, mutation: Mutation) -> bool:
    """Whether the mutation's tests fail with the mistake in the tree, which is restored afterwards."""
    file = tree / mutation.file
    before = file.read_text()
    tests = [f"tests/{name}" for name in mutation.tests.split()]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-n",
        "0",
        "-m",
        "not soak and not browser" + ("" if mutation.long else " and not long"),
        *tests,
    ]
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    file.write_text(changed(before, mutation))
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=SLOWEST, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    finally:
        file.write_text(before)
    if done.returncode not in (0, 1):
        raise SystemExit(f"pytest could not run {mutation.tests}:\n{done.stdout}{done.stderr}")
    return done.returncode == 1


def main() -> None:
    words = sys.argv[1:] or [""]
    missed = 0
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        for mutation in (m for m in MUTATIONS if any(word in m.file for word in words)):
            began, found = time.monotonic(), caught(tree, mutation)
            missed += not found
            seconds = time.monotonic() - began
            print(
                f"{'caught' if found else 'MISSED':7} {seconds:5.0f} s  {mutation.file}: {mutation.new}",
                flush=True,
            )
    print(f"mutations missed: {missed}" if missed else "every mutation was caught")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
