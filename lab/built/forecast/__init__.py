"""
Bring your own pins: what a pin set that people really ship will survive.

Read `config` (what a pin file says), `formats` (how each is read), `chain` and
`match` (which certificate each pin names), `lint` with its rules, `rebuild` (the
same chain in the lab's world, with new keys), `yours` (the client that has the
pins), `scenes`, and `forecast`, which runs it all. Nothing
here connects to anybody: the chain and the pins are files.
"""
