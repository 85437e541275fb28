"""
Incidents as dated replays: what happened by its sources, and what the lab's clients would have met.

A text and its sources are written down; who is robbed, cut off or saved never
is: scenes and timelines are run for it.
"""
