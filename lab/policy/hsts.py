"""
HTTP Strict Transport Security (RFC 6797): a host that said so is asked over TLS alone, whatever a link says.

Pure: an observation and the answer's headers go in, what is remembered comes
out. It decides before there is a certificate, so no check refuses by it. Not
here: that no warning may be clicked away at such a host (section 8.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType

from lab.observation import Lesson, Observation
from lab.policy.check import Basis, Check, Enrolment, Known, Learnt
from lab.policy.checks import ORDINARY
from lab.policy.clients import FURTHER, Client, register
from lab.policy.hpkp_header import Malformed, parse
from lab.policy.memory import Memory, PinnedHost, canonical, is_address

STS = "Strict-Transport-Security"
_EMPTY = re.compile(r";[ \t;]*;")  # section 6.1 allows directives that are empty; otherwise the grammar is HPKP's


def insisting(memory: Memory, host: str) -> Memory:
    """The same memory with this host and those below it built in: no header takes that back."""
    entry = PinnedHost(canonical(host), (), None, include_subdomains=True)
    return replace(memory, strict=MappingProxyType({**memory.strict, entry.host: entry}))


def noted(memory: Memory, observation: Observation, headers: Iterable[tuple[str, str]]) -> Memory:
    """
    What a client makes of an answer's headers (section 8.1).

    Only the first counts, and only over TLS without any error, from a host that
    has a name. What is malformed is ignored; a max-age of 0 forgets the host.
    """
    said = next((value for name, value in headers if name.lower() == STS.lower()), "")
    header, host = parse(_EMPTY.sub(";", said).strip(" \t;")), canonical(observation.host)
    built_in = host in memory.strict and memory.strict[host].until is None
    secure = observation.path is not None and not observation.name_mismatch
    if isinstance(header, Malformed) or not secure or is_address(host) or built_in:
        return memory
    kept = {name: entry for name, entry in memory.strict.items() if name != host}
    if header.max_age:
        until = observation.time + timedelta(seconds=header.max_age)
        kept[host] = PinnedHost(host, (), until, header.include_subdomains)
    return replace(memory, strict=MappingProxyType(kept))


@dataclass(frozen=True)
class Strict:
    """How a client comes to know such hosts: by header, and where it is `preloaded` the service is built in."""

    preloaded: bool = False

    @property
    def how(self) -> tuple[Learnt, ...]:
        """By header, and built in where it is preloaded."""
        return (Learnt.BUILT_IN, Learnt.STRICT) if self.preloaded else (Learnt.STRICT,)

    def begin(self, memory: Memory, enrolment: Enrolment) -> Memory:
        """The memory before the first meeting."""
        return insisting(memory, enrolment.host) if self.preloaded else memory

    def learn(self, known: Known, lesson: Lesson, accepted: bool) -> Memory:
        """The memory after a meeting."""
        return noted(known.memory, lesson.observation, lesson.headers or ()) if lesson.accepted else known.memory


def _rule(observation: Observation, known: Known) -> tuple[bool, str]:
    strict = known.memory.strict_about(observation.host, observation.time)
    return True, f"there is TLS, and {'nothing else would do' if strict else 'nobody said that there has to be'} here"


for _name, _title, _strict in (
    ("hsts", "goes to https at once where the site said so before", Strict()),
    ("hsts-preloaded", "the same, and knows it of the site without a visit", Strict(preloaded=True)),
):
    _check = Check("strict transport", _rule, Basis.NAME, remembers=_strict)
    register(Client(_name, _title, (*ORDINARY, _check), source="RFC 6797"), FURTHER)
