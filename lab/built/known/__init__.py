"""
Remembers: known hosts in a store on a disk.

`store` keeps what the rules of `lab.policy` want kept, `lived` takes a client
that has one through a story, and `command` lists, forgets and exports it.
"""
