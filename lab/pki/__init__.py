"""
Makes things: authorities, credentials, pins, the world they live in.

No sockets and no policies. Read `authority`, then `world`; `pins` says what a
pin is, `export` writes a world to disk. `log` and `monitor` are transparency.
"""
