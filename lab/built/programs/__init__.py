"""
Outside programs: how each of them is found and called, and a scene that stands for them.

A program's way is described once. The field runs it, `serve` prints it. Who
was robbed is not asked here.
"""
