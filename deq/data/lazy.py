"""Imports of tensorflow-datasets that leave the other threads of a server alone."""

import builtins
import contextlib
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any


@contextlib.contextmanager
def lazy_imports_of_this_thread() -> Iterator[None]:
    """Keeps tensorflow-datasets' import from breaking the imports that other threads do meanwhile.

    It imports lazily by etils, which replaces `builtins.__import__` for the whole process: a server's thread that
    imports at that moment gets an error, or a module that is none yet. Here only the calling thread is lazy.
    """
    from etils import epy

    theirs, this_thread = epy.lazy_imports, threading.get_ident()

    @contextlib.contextmanager
    def ours(*, error_callback: Any = None, success_callback: Any = None) -> Iterator[None]:
        usual = builtins.__import__
        with theirs(error_callback=error_callback, success_callback=success_callback):
            lazy = builtins.__import__

            def by_thread(
                name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
            ) -> ModuleType:
                chosen = lazy if threading.get_ident() == this_thread else usual
                return chosen(name, globals, locals, fromlist, level)

            builtins.__import__ = by_thread
            yield

    epy.lazy_imports = ours
    try:
        yield
    finally:
        epy.lazy_imports = theirs
