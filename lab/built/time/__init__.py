"""
What has dates: years of a service, and sites that announce pins to browsers that remember them.

A *timeline* is a TOML file: what a service presents, what an attacker holds,
what each client has built in, day by day. A *dated scene* is a function: what
its visitors meet on which day, and are told. Either makes a real handshake at
every point where a verdict can change, by the client's clock at that point.
"""
