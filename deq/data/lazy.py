"""Import tensorflow-datasets without breaking imports in other threads."""

import builtins
import contextlib
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any


@contextlib.contextmanager
def thread_local_lazy_imports() -> Iterator[None]:
    """Restrict the lazy imports of tensorflow-datasets to the calling thread.

    It imports lazily through etils, which replaces `builtins.__import__` for the whole process: another thread that
    imports at that moment gets an error or a module that is not loaded yet.
    """
    from etils import epy

    original, this_thread = epy.lazy_imports, threading.get_ident()

    @contextlib.contextmanager
    def restricted(*, error_callback: Any = None, success_callback: Any = None) -> Iterator[None]:
        usual = builtins.__import__
        with original(error_callback=error_callback, success_callback=success_callback):
            lazy = builtins.__import__

            def by_thread(
                name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
            ) -> ModuleType:
                chosen = lazy if threading.get_ident() == this_thread else usual
                return chosen(name, globals, locals, fromlist, level)

            builtins.__import__ = by_thread
            yield

    epy.lazy_imports = restricted
    try:
        yield
    finally:
        epy.lazy_imports = original
