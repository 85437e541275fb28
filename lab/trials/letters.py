"""
Which letter a key has: A, B, C ... in the order in which keys are met; this is the only place that deals them.

A certificate's name is free, so two strangers can have one; a letter belongs to
one key. In a trial the genuine keys come first, whatever is met: the leaf's,
the intermediates' up to the root's, the backup. An attack and its twin give
their new keys the same letters, since nothing on the path tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable

from lab.observation import Letters


def lettered(pins: Iterable[str]) -> Letters:
    """A letter for each key, by its pin, in the order given; a pin of a whole certificate has none of its own."""
    keys = dict.fromkeys(pin for pin in pins if pin.startswith("sha256/"))
    return {pin: letter(number) for number, pin in enumerate(keys)}


def letter(number: int) -> str:
    """A to Z for 0 to 25, then AA, AB and so on."""
    return (letter(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)
