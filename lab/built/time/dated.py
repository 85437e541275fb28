"""
The dated scenes: what a site and its attackers present on which day, and what their headers say.

A scene is a function from a world to meetings, and its first docstring line is
its title. It opens no socket and knows no browser; `visitors` play it.

Every scene has the same calendar. Day 0 is 1 September 2016. On days 28 and 29
somebody else is on the line; from day 30 the genuine server is back, and where
its key was stolen or lost it has another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lab.built.time.language import DAY
from lab.observation import Line
from lab.pki.authority import Authority, Credential, Key, new_key
from lab.pki.pins import pin_of
from lab.pki.says import pins_header
from lab.pki.world import HOST, World
from lab.policy.hpkp_header import Header
from lab.scenes.catalogue import Meeting

if TYPE_CHECKING:
    from lab.built.time.visitors import Visitor

START = datetime(2016, 9, 1, 12, tzinfo=UTC)
ATTACK, RECOVERY = 28, 30
"""The day on which somebody else comes on the line, and the day on which the genuine server is back for good."""

SUBDOMAIN = "mail.bank.example"

FAKE_BACKUP = "sha256/" + "A" * 43 + "="
"""32 zero octets: the pin of no key that anybody holds."""


def date(day: int) -> datetime:
    """Noon of this day, in UTC."""
    return START + day * DAY


def announced(
    *credentials_or_pins: Credential | str, days: float = 60, subdomains: bool = False, report_uri: str = ""
) -> str:
    """A header's value that names these pins (a credential stands for its leaf's) for so many days."""
    pins = tuple(one if isinstance(one, str) else pin_of(one.leaf) for one in credentials_or_pins)
    return str(Header(pins, round(days * 86400), subdomains, report_uri))


@dataclass(frozen=True)
class Dated:
    """
    A scene with a long calendar: each of its meetings goes on from its own day until the next one with that host.

    `way` are the hosts that a visitor goes to on each visit, in order; the last
    is the one whose outcome counts. `days` is how long it is watched, and
    `visitors` are its own, where it has some.
    """

    name: str
    title: str
    text: str
    meetings: tuple[Meeting, ...]
    days: int
    way: tuple[str, ...] = (HOST,)
    visitors: tuple[Visitor, ...] = ()

    @property
    def host(self) -> str:
        """The host whose outcome counts."""
        return self.way[-1]

    @property
    def capped(self) -> bool:
        """Whether it is watched for so long that a browser's cap on max-age can matter."""
        return self.days > 120

    def meeting(self, host: str, day: int) -> Meeting:
        """Whom somebody meets who goes to `host` on this day."""
        there = [one for one in self.meetings if one.host == host and one.time <= date(day)][-1]
        return replace(there, time=date(day))


class Cast(World):
    """The world of one dated scene, with certificates that are valid all through it."""

    def __init__(self) -> None:
        super().__init__(now=START, life=timedelta(days=1200))

    def credential(self, host: str = HOST, key: Key | None = None, *, issuer: str = "issuing") -> Credential:
        """A certificate from the site's own CA (`issuing`) or from another public one (`other_issuing`)."""
        authority: Authority = getattr(self, issuer)
        return authority.issue(host, key=key or new_key())

    def meeting(
        self,
        day: int,
        title: str,
        credential: Credential,
        header: str = "",
        line: Line = Line.GENUINE,
        host: str = HOST,
    ) -> Meeting:
        """From this day on, `credential` is presented for `host`, and answers carry `header` (none where empty)."""
        return Meeting(line, credential, self.store, date(day), title, host=host, says=pins_header(header))


Body = Callable[[Cast], tuple[Meeting, ...]]

DATED: dict[str, Callable[[], Dated]] = {}
"""Every dated scene by name, in teaching order; calling one makes it afresh, with new keys."""


def dated(*, days: int = 95, way: tuple[str, ...] = (HOST,)) -> Callable[[Body], Body]:
    """Register a dated scene under its function's name. Raises ValueError for a name that is taken."""

    def register(body: Body) -> Body:
        name = body.__name__
        if name in DATED:
            raise ValueError(f"there is a dated scene {name!r} already; choose another name")
        text = "\n".join(line.strip() for line in (body.__doc__ or "").strip().splitlines())

        def make() -> Dated:
            return Dated(name, text.partition("\n")[0], text, body(Cast()), days, way)

        DATED[name] = make
        return body

    return register


def scene(name: str) -> Dated:
    """A fresh dated scene by name; ValueError, naming the others, where there is none."""
    if name not in DATED:
        raise ValueError(f"there is no dated HPKP scene {name!r}; there are {', '.join(DATED)}")
    return DATED[name]()


def _stolen(cast: Cast, site: Credential, said: str, after: Meeting) -> tuple[Meeting, ...]:
    """The article's story: the thief is on the line on days 28 and 29; on day 30 the site changes its key."""
    thief = cast.credential(key=site.key)
    return (
        cast.meeting(0, "the site announces its pins", site, said),
        cast.meeting(ATTACK, "a thief has the key, and repeats the header", thief, said, Line.ATTACKER),
        after,
    )


@dated()
def no_pins(cast: Cast) -> tuple[Meeting, ...]:
    """
    The key is stolen, and the site never sent a header

    The control: what happens without HPKP.
    """
    return _stolen(cast, cast.credential(), "", cast.meeting(RECOVERY, "a new key", cast.credential()))


@dated()
def backup_pin(cast: Cast) -> tuple[Meeting, ...]:
    """
    The key is stolen; the header named a backup, and the site moves to it

    Sixty days. The backup key was kept offline; on day 30 the site uses it, and announces the next backup.
    """
    site, backup = cast.credential(), cast.credential()
    said = announced(backup, cast.credential())
    moved = cast.meeting(RECOVERY, "the backup key, with the next backup", backup, said)
    return _stolen(cast, site, announced(site, backup), moved)


@dated()
def no_backup_pin(cast: Cast) -> tuple[Meeting, ...]:
    """
    The key is stolen; the header named no backup

    Sixty days, one pin. Section 2.5: a browser does not note such a header.
    """
    site, moved = cast.credential(), cast.credential()
    return _stolen(cast, site, announced(site), cast.meeting(RECOVERY, "a new key", moved, announced(moved)))


@dated()
def fake_backup(cast: Cast) -> tuple[Meeting, ...]:
    """
    The key is stolen; the backup in the header was made up

    Sixty days. The second pin is of no key at all: it satisfies the browser, and nobody can ever use it.
    """
    site, moved = cast.credential(), cast.credential()
    after = cast.meeting(RECOVERY, "a new key", moved, announced(moved, FAKE_BACKUP))
    return _stolen(cast, site, announced(site, FAKE_BACKUP), after)


@dated()
def lost_backup(cast: Cast) -> tuple[Meeting, ...]:
    """
    The key is stolen; the backup was real, and is lost

    Sixty days. The site takes a new key and says max-age=0, but who would have to hear it cannot connect.
    """
    site, moved = cast.credential(), cast.credential()
    after = cast.meeting(RECOVERY, "a new key, and max-age=0", moved, announced(moved, FAKE_BACKUP, days=0))
    return _stolen(cast, site, announced(site, cast.credential()), after)


@dated()
def retreat_in_time(cast: Cast) -> tuple[Meeting, ...]:
    """
    The site takes its pins back before it changes its key

    From day 20 the header says max-age=0, still over the pinned key; on day 30 comes a new key. Nobody attacks.
    """
    site, backup = cast.credential(), cast.credential()
    return (
        cast.meeting(0, "the site announces its pins", site, announced(site, backup)),
        cast.meeting(20, "the site takes them back", site, announced(site, backup, days=0)),
        cast.meeting(RECOVERY, "a new key, no header", cast.credential()),
    )


@dated()
def hostile_pinning(cast: Cast) -> tuple[Meeting, ...]:
    """
    An attacker pins the site to the attacker's keys; the site itself does not pin

    Another public CA mis-issues. For two days the attacker answers with a header for sixty days, and then leaves.
    """
    site, hostile = cast.credential(), cast.credential(issuer="other_issuing")
    return (
        cast.meeting(0, "the site, no header", site),
        cast.meeting(ATTACK, "an attacker pins", hostile, announced(hostile, cast.credential()), Line.ATTACKER),
        cast.meeting(RECOVERY, "the site again", site),
    )


@dated()
def hostile_pinning_of_a_pinned_site(cast: Cast) -> tuple[Meeting, ...]:
    """
    The same attacker, but the site announces pins of its own

    Who knows the site's pins refuses the attacker; who meets the attacker first does not.
    """
    site, hostile = cast.credential(), cast.credential(issuer="other_issuing")
    said = announced(site, cast.credential())
    return (
        cast.meeting(0, "the site announces its pins", site, said),
        cast.meeting(ATTACK, "an attacker pins", hostile, announced(hostile, cast.credential()), Line.ATTACKER),
        cast.meeting(RECOVERY, "the site again", site, said),
    )


@dated(way=(HOST, SUBDOMAIN))
def hostile_pinning_of_subdomains(cast: Cast) -> tuple[Meeting, ...]:
    """
    An attacker pins the parent domain with includeSubDomains; the subdomain was never attacked

    Each visit goes to bank.example and then to mail.bank.example; the outcome at the second one counts.
    """
    site, mail = cast.credential(), cast.credential(SUBDOMAIN)
    hostile = cast.credential(issuer="other_issuing")
    header = announced(hostile, cast.credential(), subdomains=True)
    return (
        cast.meeting(0, "the site, no header", site),
        cast.meeting(0, "the subdomain, no header", mail, host=SUBDOMAIN),
        cast.meeting(ATTACK, "an attacker pins the parent", hostile, header, Line.ATTACKER),
        cast.meeting(RECOVERY, "the site again", site),
    )


@dated(days=400)
def a_year(cast: Cast) -> tuple[Meeting, ...]:
    """
    A year-long max-age, and both pinned keys are gone

    max-age is 31536000, as Smashing Magazine's was. On day 30 neither pinned key is to be had.
    """
    site = cast.credential()
    return (
        cast.meeting(0, "the site announces its pins for a year", site, announced(site, FAKE_BACKUP, days=365)),
        cast.meeting(RECOVERY, "a new key", cast.credential()),
    )
