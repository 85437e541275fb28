"""
A fleet of millions: one policy on many devices over years.

What a device would accept is measured, by real trials, before anything is
counted; this room only counts, and knows no socket. It is the one room that
needs numpy, so nothing outside it imports numpy and `import lab` does not
either.
"""
