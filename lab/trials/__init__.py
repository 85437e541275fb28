"""
Puts clients into scenes and records verdict, outcome and trace; all of them together are the matrix.

`trial` runs one cell, `matrix` all of them, `rehearsal` says what the pure
policy expects, `flip` what would turn an outcome, `second_opinion` what another
path validator thinks.
"""
