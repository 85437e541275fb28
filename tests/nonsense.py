"""What a learner may hand in by mistake."""

from __future__ import annotations

import itertools
from typing import Any


class Nonsense:
    """Another slip at each call: an exception, nothing at all, a value of the wrong type, or one of those given."""

    def __init__(self, *more: object) -> None:
        slips: list[object] = [None, ..., "seven", [[]], {1, 2}, *more, KeyError("a learner's slip")]
        self.slips = itertools.cycle(slips)

    def __call__(self, *given: Any) -> Any:
        slip = next(self.slips)
        if isinstance(slip, Exception):
            raise slip
        return slip
