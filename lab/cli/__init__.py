"""
The command line: what a verb is, what verbs share, and the verbs that have no workbench of their own.

Nothing heavy is imported before a verb runs, so that `--help` is quick.
"""
