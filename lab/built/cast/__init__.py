"""
The cast: who is installed of a CA, a log and clients that nobody here wrote re-enacts jabber.ru, end to end.

    sunlight  a real log, on loopback
    company   who plays which part, and what stands in for whom
    play      the play: orders, the log, the alarm, revocation, and who still believes
    command   the verb, and how it is told

Everything is on loopback and as the user that started it; nothing outlives its
context.
"""
