"""
The field test: real programs go through the lab's scenes, and are held against their profiles.

The lab decides nothing here. It stands the scene up, starts the program, and
looks who ends up with the secret.
"""
