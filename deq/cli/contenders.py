"""The contenders of `deq compare`: each a text with a model and its own settings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deq.cli.overrides import read_texts
from deq.cli.own_data import lesson
from deq.cli.request import Request, choose_recipe, with_own_code

SETTING = re.compile(r"[A-Za-z_][\w.]*=\S*")


@dataclass(frozen=True)
class Entry:
    """A contender: its name and how it is trained. `run` sets the seed and the folder."""

    name: str
    request: Request

    def run(self, seed: int, out: Path | None) -> Request:
        """The request for one run. out: the folder of the whole comparison."""
        return replace(self.request, seed=seed, out=None if out is None else out / f"{self.slug}-seed{seed}")

    @property
    def slug(self) -> str:
        """The name, as part of a folder name."""
        return re.sub(r"[^\w.=+-]+", "-", self.name).strip("-")


def entries(texts: Sequence[str], common: Request) -> list[Entry]:
    """The contender of each text, such as "mlp gradient=phantom"; its own settings override those of `common`.

    Raises ValueError for an unknown model or setting, an invalid value, and two contenders with the same name.
    """
    found = [entry(text, common) for text in texts]
    for slug, times in Counter(one.slug for one in found).items():
        if times > 1:
            raise ValueError(f"{slug} is named twice: leave one out, or give it different settings.")
    for one in found:
        try:
            choose_recipe(one.request)
        except ValueError as error:
            raise ValueError(f"{one.name}: {error}") from error
    return found


def entry(text: str, common: Request) -> Entry:
    """The contender of one text."""
    model, words = split(text)
    own = read_texts(words)
    settings = read_texts(common.settings or ()) | own
    request = with_own_code(
        replace(
            common,
            model=model,
            settings=[f"{key}={value}" for key, value in settings.items()],
            epochs=None if "epochs" in own else common.epochs,
        )
    )
    if common.own is not None:
        request = replace(request, own=lesson(common.own.own, request.model))
    return Entry(" ".join([model, *words]), request)


def split(text: str) -> tuple[str, list[str]]:
    """The model and its settings, split from the right because a path may contain spaces."""
    words, settings = text.split(" "), []
    while len(words) > 1 and (not words[-1] or SETTING.fullmatch(words[-1])):
        settings.append(words.pop())
    return " ".join(words).strip(), [word for word in reversed(settings) if word]
