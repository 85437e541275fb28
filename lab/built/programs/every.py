"""
Every program that the lab can call, in teaching order. To add one, write a file like these and name it here.
"""

from __future__ import annotations

from lab.built.programs import chromium, curl, gnutls, node, okhttp, openssl, python_libraries, wget
from lab.built.programs.program import Program

PROGRAMS: dict[str, Program] = {
    one.name: one
    for one in (
        curl.CURL,
        curl.PYCURL,
        wget.WGET,
        openssl.OPENSSL,
        gnutls.GNUTLS,
        *python_libraries.LIBRARIES,
        okhttp.OKHTTP,
        node.NODE,
        chromium.CHROMIUM,
    )
}
