"""
A link to plain HTTP: who goes to https in spite of it, and what a site says so that its visitors do (RFC 6797).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest
from expectations import relayed_letters
from lines import NOW

from lab.observation import Certificate, Hangup, Lesson, Observation, ValidationError
from lab.pki.pins import seen
from lab.pki.world import HOST, World
from lab.policy.check import Known
from lab.policy.clients import chosen, client, every
from lab.policy.hsts import STS, Strict, insisting, noted
from lab.policy.memory import Memory, PinnedHost
from lab.scenes.catalogue import APART, case, usually
from lab.scenes.catalogue import chosen as scenes_chosen
from lab.show import html, text
from lab.trials.rehearsal import Rehearsals, observe, rehearse
from lab.trials.standing import Standing
from lab.trials.trial import run, trial
from lab.wire.client import account_request
from lab.wire.plain import PlainService, follow

NAMES = ("hsts", "hsts-preloaded", "unpinned", "leaf-pinned", "trust-everything")
# Meeting by meeting: S served, B outage, o stopped, X intercepted, R intercepted and relayed in the client's name.
ROWS = {
    "link_without_tls":       "SS  SS  SS  SS  SS",
    # no pin is asked where there is no certificate
    "stripped":               "So  So  SR  SR  SR",
    # what was never said protects nobody, and what is built in does
    "stripped_at_first":      "RS  oS  RS  RS  RS",
    # the same two, and the thirty days are over on the last day; what is built in is never over
    "tls_gone":               "SBS SBB SSS SSS SSS",
    "stripped_until_the_end": "SoR Soo SRR SRR SRR",
}  # fmt: skip


@pytest.mark.parametrize("scene", ROWS)
def test_who_follows_the_link_and_what_becomes_of_them(scene: str) -> None:
    """The rows above are what the sockets do, what the pure half expects, and what a search for repairs is told."""
    with Standing(case(scene)) as standing:
        lived = [run(client(name), standing).encounters for name in NAMES]
        watched = [observe(standing, client(name)) for name in NAMES]
        assert [one.problems for one in standing._listeners.values()] == [[]] * len(standing._listeners)
    assert [relayed_letters((one.outcome, one.aftermath.relayed) for one in met if one.outcome) for met in lived] == (
        ROWS[scene].split()
    )
    for name, met, saw in zip(NAMES, lived, watched, strict=True):
        expected = [(one.outcome, one.relayed, one.verdict.check) for one in rehearse(client(name), saw).values()]
        assert [(one.outcome, one.aftermath.relayed, one.verdict.check) for one in met] == expected, name
        outcomes = Rehearsals([case("ordinary_day")]).outcomes(client(name), case(scene))
        assert [*outcomes.values()] == [one.outcome for one in met], name


def test_these_scenes_and_clients_come_when_they_are_asked_for() -> None:
    """By their groups; no usual table has them."""
    assert [one.name for one in scenes_chosen("plain")] == [*ROWS]
    assert not {*APART["plain"]} & {one.name for one in (*usually(every()), *scenes_chosen("all,slips"))}
    assert [one.name for one in chosen("hsts")] == [*NAMES[:2]]


def test_in_plain_http_nothing_is_seen_and_nothing_is_checked() -> None:
    """No path, no finding and no TLS handshake of the client's; the record, the text and the page say it in words."""
    done = trial(client("leaf-pinned"), case("stripped"))
    met = done.encounters[1]
    assert (met.observation.presented, met.observation.path, met.verdict.findings) == ((), None, ())
    assert (met.aftermath.view.hung_up, met.aftermath.view.requests) == (Hangup.NEVER, ("GET /", "GET /account"))
    assert met.aftermath.leaked == met.aftermath.sent > 0
    assert [one["plain"] for one in done.record()["meetings"]] == [None, "a link to http"]
    for shown in (text.trial(done), html.trial(done)):
        assert "nobody led to https" in " ".join(shown.split())


def test_who_is_led_to_https_has_said_nothing_secret_before() -> None:
    """The redirect answers the link alone: the plain port never reads the request that holds the secret."""
    with PlainService(World().genuine, redirects=True, host=HOST) as site:
        assert follow(site.address, HOST, account_request(HOST, "a secret"), time=NOW, patience=5) is None
        assert site.quiet()
        assert [one.line for visit in site.log for one in visit.requests] == ["GET /"]
    with PlainService(World().genuine, redirects=False, host=HOST) as site:
        done = follow(site.address, HOST, account_request(HOST, "a secret"), time=NOW, patience=5)
        assert done
        assert done.answer
        assert done.answer.status == 200
        assert site.took("a secret")


# ---- what a header does ---------------------------------------------------------------------------

WORLD = World(now=NOW)
PATH: tuple[Certificate, ...] = tuple(map(seen, WORLD.genuine.path))
OVER_TLS = Observation(HOST, NOW, PATH, PATH)
DAY = timedelta(days=1)


def after(*values: str, memory: Memory | None = None, over: Observation = OVER_TLS) -> Memory:
    return noted(memory or Memory(), over, [(STS.lower(), value) for value in values])


@pytest.mark.parametrize(
    "value",
    ["max-age=86400", 'MAX-AGE="86400"', "; max-age=86400 ;; ", "max-age=86400; preload", "x=1;max-age=86400;\t;y"],
)
def test_a_header_is_heeded_for_its_time(value: str) -> None:
    """Until max-age is over, to the second; for this host and not those below it."""
    memory = after(value)
    assert memory.strict_about(HOST, NOW + DAY)
    assert memory.strict_about(HOST.upper() + ".", NOW)
    assert not memory.strict_about(HOST, NOW + DAY + timedelta(seconds=1))
    assert not memory.strict_about(f"www.{HOST}", NOW)
    assert not memory.strict_about("example", NOW)


BAD = ("", "max-age", "max-age=-1", "max-age=1d", "includeSubDomains", "max-age=9, max-age=9")


@pytest.mark.parametrize("value", [*BAD, "max-age=9; max-age=9", "max-age=9; includeSubDomains=1"])
def test_a_header_that_is_malformed_is_ignored(value: str) -> None:
    """Nothing is noted, and nothing that was noted is lost."""
    assert after(value) == Memory()
    assert after(value, memory=after("max-age=86400")) == after("max-age=86400")


def test_hosts_below_are_meant_where_it_says_so() -> None:
    """And not those above or beside; the nearest entry counts."""
    memory = after("max-age=86400; includeSubDomains")
    assert [memory.strict_about(host, NOW) for host in (HOST, f"a.b.{HOST}", f"evil{HOST}", "example")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_a_max_age_of_nothing_forgets_and_a_later_header_replaces() -> None:
    """The last word counts; only the first of two headers in one answer does."""
    known = after("max-age=86400")
    assert after("max-age=0", memory=known) == Memory()
    assert not after("max-age=9", memory=known).strict_about(HOST, NOW + DAY)
    assert after("max-age=86400", "max-age=0") == known
    assert not after("max-age=0", "max-age=86400").strict_about(HOST, NOW)
    built_in = insisting(Memory(), HOST)
    assert after("max-age=0", memory=built_in) == after("max-age=9", memory=built_in) == built_in


@pytest.mark.parametrize(
    "over",
    [
        Observation(HOST, NOW, ()),
        Observation(HOST, NOW, PATH, None, ValidationError(19, 1, "self-signed certificate in certificate chain")),
        replace(OVER_TLS, name_mismatch="it answers for another host"),
        replace(OVER_TLS, host="127.0.0.1"),
    ],
    ids=["plain HTTP", "no path", "another name", "an address"],
)
def test_what_comes_without_tls_or_with_an_error_is_ignored(over: Observation) -> None:
    """An attacker could say it, to lock visitors out or to take back what the site said (RFC 6797 section 8.1)."""
    assert after("max-age=86400; includeSubDomains", over=over) == Memory()
    assert after("max-age=0", memory=after("max-age=86400"), over=over) == after("max-age=86400")
    assert after("max-age=86400") != Memory()


def test_it_is_learnt_from_meetings_that_were_accepted() -> None:
    """As every mind learns: a lesson with an answer, from a connection on which the client went on."""
    lesson = Lesson(OVER_TLS, True, ((STS, "max-age=86400"),))
    assert Strict().learn(Known(), lesson, True) == after("max-age=86400")
    assert Strict().learn(Known(), replace(lesson, accepted=False), False) == Memory()
    assert Strict().learn(Known(), replace(lesson, headers=None), True) == Memory()


def test_pins_and_strict_hosts_are_two_memories() -> None:
    """An entry of the one is none of the other."""
    entry = PinnedHost(HOST, (), None)
    assert Memory(strict=MappingProxyType({HOST: entry})).governing(HOST, NOW) is None
    assert not Memory(noted=MappingProxyType({HOST: entry})).strict_about(HOST, NOW)
