"""
What happens: the catalogue of attacks, rotations and slips, each as a short sequence of meetings.

Importing this room registers every case, in teaching order: attacks name
rotations as their twins, so the rotations come first.
"""

from importlib import import_module

for _shelf in ("rotations", "attacks", "mirrored", "announced", "misled", "revoked", "slips", "bound", "plain"):
    import_module(f"lab.scenes.{_shelf}")
