"""
Decides: pin sets, checks, memory, and the table of clients.

Pure: an observation goes in, a verdict comes out. This room imports with the
network and OpenSSL blocked, and a test does so.
"""

from lab.policy import bound as _bound  # noqa: F401  (registers)
from lab.policy import hsts as _hsts  # noqa: F401  (registers)
from lab.policy import learning as _learning  # noqa: F401  (registers)
from lab.policy import profiles as _profiles  # noqa: F401  (registers)
from lab.policy import revocation as _revocation  # noqa: F401  (registers)
from lab.policy import tlsa as _tlsa  # noqa: F401  (registers)
from lab.policy import transparency as _transparency  # noqa: F401  (registers)
