"""
What happens: the catalogue of attacks, rotations and slips, each as a short sequence of meetings.

Importing this room registers every case, in teaching order: attacks name
rotations as their twins, so the rotations come first.
"""

from importlib import import_module

_SHELVES = (
    *("rotations", "attacks", "mirrored", "announced", "misled", "revoked", "fetched", "logged", "dane", "slips"),
    *("bound", "plain", "ordered"),
)
for _shelf in _SHELVES:
    import_module(f"lab.scenes.{_shelf}")
