"""
Bring your own pins: what a pin set that people really ship will survive.

Read it in the order in which it runs. Read: `scope` (what each program makes of a
pin file), `config` (what such a file says), `recognise` (which format it has),
`formats` (and a module for each), `chain`. Match: `match` (which
certificate each pin names). Lint: `findings` (what is looked at), `lint`. Run:
`rebuild` (the same chain with new keys, and the client with the pins), `scenes`,
`forecast`. Tell: `text`. Nothing here connects to anybody: the chain and the
pins are files.
"""
