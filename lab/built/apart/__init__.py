"""
What tells an attack from its twin, and when: the owner's word, channel by channel, as measured.

The rooms below are the ones that the matrix uses; nothing here meets anybody by
itself.
"""
