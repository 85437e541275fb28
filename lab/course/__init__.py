"""
The course: the checks behind the notebooks' exercises, the claim ledger, the capstone.

A check lives here and not in the notebook. It judges on fresh worlds, so that
the answers are nowhere written down.
"""
