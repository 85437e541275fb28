"""What a learner may hand in by mistake."""

from __future__ import annotations

import itertools
from typing import Any


class Nonsense:
    """Another slip at each call: an exception, nothing at all, a value of the wrong type."""

    def __init__(self) -> None:
        self.slips = itertools.cycle([None, ..., 7, "seven", [[]], {1, 2}, KeyError("a learner's slip")])

    def __call__(self, *given: Any) -> Any:
        slip = next(self.slips)
        if isinstance(slip, Exception):
            raise slip
        return slip
