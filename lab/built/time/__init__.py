"""
The dated life of a service: what it presents, what an attacker holds, what each client has built in, day by day.

A timeline is data, a TOML file; running it makes a real handshake at every
point where a verdict can change, with the client's clock at that point.
"""
