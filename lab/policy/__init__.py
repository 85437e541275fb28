"""
Decides: pin sets, checks, memory, and the table of clients.

Pure: an observation goes in, a verdict comes out. This room imports with the
network and OpenSSL blocked, and a test does so.
"""
