"""
Every program of the field, in teaching order. To add one, write a file like these and name it here.
"""

from lab.built.field import curl, wget, openssl, gnutls, python_libraries, okhttp, node, chromium  # noqa: F401, I001  (register)
from lab.built.field.program import PROGRAMS

__all__ = ["PROGRAMS"]
