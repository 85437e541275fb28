"""
Moves bytes over real loopback TCP: an honest service, a man in the middle, a client.

The only room that knows sockets, threads and TLS contexts. It knows nothing of
pins: it is handed a decision to call inside the handshake.
"""
