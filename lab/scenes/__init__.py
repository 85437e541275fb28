"""
What happens: the catalogue of attacks, rotations and slips, each as a short sequence of meetings.

Importing this room registers every case, in teaching order.
"""

from lab.scenes import attacks as _attacks  # noqa: F401  (registers)
from lab.scenes import rotations as _rotations  # noqa: F401  (registers; attacks name them as twins)
from lab.scenes import slips as _slips  # noqa: F401  (registers)
