"""
HPKP headers, as a server sends them or as a server's configuration has them.

Read in the configuration of nginx, Apache, HAProxy and lighttpd, and in a call
that sends a header. A last semicolon, or one too many, is read: Chrome read it,
while it had HPKP; that RFC 7469's grammar has none is a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.built.forecast.config import Format, LintFinding, PinConfig, Severity, Unreadable, listed, pin
from lab.policy.hpkp import first
from lab.policy.hpkp_header import Header, HeaderName, Malformed, parse

_NAME = "(Public-Key-Pins(?:-Report-Only)?)"
_SENT = re.compile(rf"^[ \t]*{_NAME}[ \t]*:(?![ \t]*[\"'])(.*)$", re.IGNORECASE | re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_QUOTED = r"(?P<quote>[\"'`])(?=\s*(?:pin-|max-age|includesub|report-uri))((?:\\.|(?!(?P=quote))[^\\])*+)(?P=quote)"
_CONFIGURED = (
    re.compile(rf"{_NAME}[\"']?\s*+(?:=>|[,=:])?\s*+{_QUOTED}", re.IGNORECASE | re.DOTALL),  # nginx, Apache, lighttpd
    re.compile(rf"(?P<quote>[\"'`]){_NAME}:\s*+((?:\\.|(?!(?P=quote))[^\\])*+)(?P=quote)", re.IGNORECASE | re.DOTALL),
    re.compile(rf"{_NAME}:?(?:\\?[ \t])+(pin-.*)$", re.IGNORECASE | re.MULTILINE),  # HAProxy
)
_TOO_MANY = re.compile(r";(?:\s*;)+")


def read(text: str) -> tuple[PinConfig, ...]:
    """What the first enforced header pins, else the first report-only one. Raises ValueError in one sentence."""
    headers = list(_headers(text))
    if not headers and HeaderName.PKP.lower() in text.lower():
        raise Unreadable(
            "it has a Public-Key-Pins that is not read in this form; give the header as the server sends it"
        )
    headers = headers or [(HeaderName.PKP, text)]  # without a name it is the value alone
    enforced = first(headers, HeaderName.PKP) is not None
    kind = HeaderName.PKP if enforced else HeaderName.REPORT_ONLY
    value = (first(headers, kind) or "").strip()
    header, remarks = _parsed(value, kind)
    encoded = [one.removeprefix("sha256/") for one in header.pins]
    pins = listed(pin(f'pin-sha256="{one}"', one, Format.HPKP) for one in encoded)
    subdomains, age = header.include_subdomains, header.max_age
    return (
        PinConfig(Format.HPKP, (pins,), subdomains=subdomains, max_age=age, enforced=enforced, remarks=tuple(remarks)),
    )


def _headers(text: str) -> Iterator[tuple[str, str]]:
    if sent := _SENT.findall(text):
        yield from sent
        return
    said = _COMMENT.sub("", text)
    for pattern in _CONFIGURED:
        found = list(pattern.finditer(said))
        for one in found:
            name, value = [part for part in one.groups() if part not in ('"', "'", "`")]
            yield name, " ".join(re.sub(r"\\(.)", r"\1", value).split())
        if found:
            return


def _parsed(value: str, kind: HeaderName) -> tuple[Header, list[LintFinding]]:
    header = parse(value, kind)
    if isinstance(header, Header):
        return header, []
    mended = parse(_TOO_MANY.sub(";", value).strip("; \t"), kind)
    if isinstance(mended, Malformed):
        raise Unreadable(
            f"{mended.reason}, so a browser would ignore the header; give its value exactly as the server sends it"
        )
    remark = LintFinding(
        Severity.KNOW,
        "the header has a semicolon too many",
        "The grammar has no empty directive, so a client that goes by the letter ignores the header; Chrome read it.",
        "Leave the semicolon out.",
        "RFC 7469 section 2.1; Chromium net/http/http_security_headers.cc",
        "empty-directive",
    )
    return mended, [remark]
