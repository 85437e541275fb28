"""
What a look-up costs among many hosts: figures for the bench.

It fills two stores and asks both, in alternating rounds. A report and never a
test; a machine's speed drifts, so the figure is the median of paired ratios.
"""

from __future__ import annotations

import hashlib
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lab.built.known.store import Store
from lab.policy.memory import Record

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def host(number: int) -> str:
    """The name of the `number`-th host; names in order, as a sorted import has them."""
    return f"host-{number:07d}.example"


def many(count: int) -> Iterator[Record]:
    """Records of `count` hosts, with pins that are no key's."""
    for number in range(count):
        pin = "sha256/" + hashlib.sha256(str(number).encode()).hexdigest()[:43] + "="
        yield Record(host(number), 443, pin, DAY, DAY, 1, DAY + timedelta(days=90))


def look_up_figures(
    small: int = 1_000,
    large: int = 1_000_000,
    *,
    rounds: int = 15,
    looks: int = 2_000,
) -> dict[str, Any]:
    """
    One look-up among `large` hosts against one among `small`, as the bench reports its figures.

    A look-up in four is for a host that is not known. The stores are freshly
    opened; their pages are in the kernel's cache, since they were just written.
    """
    draw = random.Random(4)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-")))
        stores = {}
        filling = 0.0
        for count in (small, large):
            path = folder / f"{count}.sqlite"
            began = time.perf_counter()
            with Store(path) as store:
                store.fill(many(count))
            filling = time.perf_counter() - began
            stores[count] = stack.enter_context(Store(path))

        def once(count: int) -> float:
            asked = [host(draw.randrange(count) + (count if n % 4 == 0 else 0)) for n in range(looks)]
            store = stores[count]
            began = time.perf_counter()
            found = sum(len(store.look_up(name, 443)) for name in asked)
            took = time.perf_counter() - began
            assert found == looks - (looks + 3) // 4, found
            return took / looks

        for count in stores:
            once(count)
        pairs = []
        for number in range(rounds):
            order = (small, large) if number % 2 else (large, small)
            took = {count: once(count) for count in order}
            pairs.append((took[large], took[small]))
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    return {
        "ratio": statistics.median(a / b for a, b in pairs),
        "limit": 2,
        "note": f"{mine * 1e6:.1f} us among {large:,} hosts, {other * 1e6:.1f} us among {small:,}; "
        f"filling the large one took {filling:.1f} s",
    }
