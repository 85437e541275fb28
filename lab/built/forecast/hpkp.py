"""
HPKP headers, as a server sends them or as a server's configuration has them.

Read in the configuration of nginx, Apache, HAProxy and lighttpd, and in a call
that sends a header. A last semicolon, or one too many, is read: Chrome read it,
while it had HPKP; that RFC 7469's grammar has none is a remark. Of several
servers' headers each is for the names of its server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lab.built.forecast.config import Format, LintFinding, PinConfig, Severity, Unreadable, domain, listed, pin
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
_TEXT = r"""[^{}"']|"(?:\\.|[^"\\])*+"|'(?:\\.|[^'\\])*+'"""
_SERVERS = re.compile(
    rf"\bserver\s*+\{{(?:{_TEXT}|\{{(?:{_TEXT})*+\}})*+\}}|<VirtualHost\b(?:(?!</?VirtualHost).)*+</VirtualHost>",
    re.IGNORECASE | re.DOTALL,
)
_NAMES = re.compile(r"\b(?:server_name|ServerName|ServerAlias)\s+([^;\n]+)", re.IGNORECASE)
_TOO_MANY = re.compile(r";(?:\s*;)+")


def read(text: str) -> tuple[PinConfig, ...]:
    """
    What the enforced header pins, else the report-only one, for each server where several send different ones.

    Raises ValueError in one sentence.
    """
    headers = list(_headers(text))
    if not headers and HeaderName.PKP.lower() in text.lower():
        raise Unreadable(
            "it has a Public-Key-Pins that is not read in this form; give the header as the server sends it"
        )
    headers = headers or [(HeaderName.PKP, text)]  # without a name it is the value alone
    response = _SENT.search(text) and len(re.findall(r"(?m)^HTTP/", text)) < 2
    if len(_counting(headers)) == 1 or response:  # of one response the first counts (RFC 7469, 2.3.1)
        return (_config(headers),)
    found: dict[str, PinConfig] = {}
    servers = [one[0] for one in _SERVERS.finditer(_COMMENT.sub("", text))]
    for sent, names in ((list(_headers(one)), _NAMES.findall(one)) for one in servers):
        for name in " ".join(names).split() if sent else ():
            one = replace(_config(sent), host=domain(name.lstrip("*.")))
            one = replace(one, subdomains=one.subdomains or name[:1] in ("*", "."))
            if found.setdefault(one.host, one).lists != one.lists or len(_counting(sent)) > 1:
                raise _two()
    if not found or len(_counting(headers)) > len({one.lists for one in found.values()}):
        raise _two()
    return tuple(found.values())


def _two() -> Unreadable:
    return Unreadable("it has two different headers; give one, or each in a server block with its server_name")


def _counting(headers: list[tuple[str, str]]) -> set[str]:
    """The different values that count: those of enforced headers, where there is one."""
    for kind in HeaderName:
        if values := {" ".join(value.split()) for name, value in headers if name.lower() == kind.lower()}:
            return values
    return {""}


def _config(headers: list[tuple[str, str]]) -> PinConfig:
    enforced = first(headers, HeaderName.PKP) is not None
    kind = HeaderName.PKP if enforced else HeaderName.REPORT_ONLY
    value = (first(headers, kind) or "").strip()
    header, remarks = _parsed(value, kind)
    encoded = [one.removeprefix("sha256/") for one in header.pins]
    pins = listed(pin(f'pin-sha256="{one}"', one, Format.HPKP) for one in encoded)
    subdomains, age = header.include_subdomains, header.max_age
    return PinConfig(
        Format.HPKP, (pins,), subdomains=subdomains, max_age=age, enforced=enforced, remarks=tuple(remarks)
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
