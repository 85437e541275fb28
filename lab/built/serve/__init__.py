"""
Scenes stood up for programs that are not the lab's: today's dates, localhost, one port, files, commands.

It says where to connect, what to trust and what to pin. It runs no program.
"""
