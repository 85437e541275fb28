"""
Let a machine do it: certificates by ACME (RFC 8555), from Pebble where it is installed, else from the lab's own CA.

    premises  the site as a CA sees it: its zone and its port 80
    ca        what both CAs are to an account: orders, revocations
    own       the lab's authority with accounts, which asks CAA
    pebble    the real server on loopback, and its clients' side
    habits    what the ACME clients that people use do to keys at a renewal
    world     a world whose CA issues to orders alone

Nothing here listens elsewhere than on loopback, and nothing outlives its context.
"""
