"""
What is built on the spine: each folder is a workbench of its own, and none of them is needed to read the others.

`programs` says how outside programs are called, `serve` stands a scene up for
them, `field` runs them, `forecast` takes somebody's own pins through the
scenes, `time` adds a calendar with dates, `known` keeps known hosts on a disk,
`fleet` adds millions of devices, `atlas` writes everything as one page, and
`bench` measures. The rooms at the top of `lab/` import nothing from here.
"""
