"""
A lab on TLS man-in-the-middle attacks and certificate pinning.

To read it, follow the data: `lab.observation` (the values), `lab.pki` (makes
certificates), `lab.wire` (moves bytes), `lab.policy` (decides), `lab.scenes`
(what happens), `lab.trials` (who wins), `lab.show` (what you see).

The names below are what a notebook imports; each is loaded when it is used.
"""
