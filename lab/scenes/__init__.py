"""
What happens: the catalogue of attacks and rotations, each as a short sequence of meetings.

Importing this room registers every case, in teaching order.
"""

from lab.scenes import attacks as _attacks  # noqa: F401  (registers)
from lab.scenes import rotations as _rotations  # noqa: F401  (registers; attacks name them as twins)
