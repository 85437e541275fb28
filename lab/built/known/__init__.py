"""
Remembers: known hosts in a store, rules of key continuity, and announced successors.

`memory` and `rules` are pure, `store` keeps what the rules want kept, `announcement` signs
and verifies successors, `announcer` moves them over real TLS, `stories` says
what happens over months and `story` tells it, on the wire and without. It knows no scenes and no trials.
"""
