"""
Makes things: authorities, credentials, pins, the world they live in.

No sockets and no policies. Read `authority`, then `world`; `pins` says what a
pin is, `export` writes a world to disk; `revoke` signs what takes a certificate
back, and `crl`, `ocsp` and `pushed` say what of it may be believed; `log` and
`monitor` are transparency.
"""
