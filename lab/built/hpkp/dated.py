"""
The dated scenes: what a site and its attackers present on which day, and what their headers say.

A scene is a function from a world to phases, and its first docstring line is
its title. It opens no socket and knows no browser; `visitors` play it.

Every scene has the same calendar. Day 0 is 1 September 2016. On days 28 and 29
somebody else is on the line; from day 30 the genuine server is back, and where
its key was stolen or lost it has another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from lab.built.hpkp.site import FAKE_BACKUP, announced
from lab.naming import named
from lab.observation import Line
from lab.pki.authority import Authority, Credential, Key, new_key
from lab.pki.says import pins_header
from lab.pki.world import World
from lab.scenes.catalogue import Meeting

START = datetime(2016, 9, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ATTACK, RECOVERY = 28, 30
"""The day on which somebody else comes on the line, and the day on which the genuine server is back for good."""

SUBDOMAIN = "mail.bank.example"


def date(day: int) -> datetime:
    """Noon of this day, in UTC."""
    return START + day * DAY


@dataclass(frozen=True)
class Phase:
    """From day `begins` on, this is the meeting that visitors of its host have."""

    begins: int
    meeting: Meeting


def phase(
    begins: int,
    title: str,
    credential: Credential,
    header: str = "",
    line: Line = Line.GENUINE,
    host: str = "bank.example",
) -> Phase:
    """From day `begins` on, `credential` is presented for `host`, and answers carry `header` (none where empty)."""
    meeting = Meeting(line, credential, (), date(begins), title, host=host, says=pins_header(header))
    return Phase(begins, meeting)


@dataclass(frozen=True)
class Dated:
    """
    A scene with a long calendar: on which day which meeting begins.

    `way` are the hosts that a visitor goes to on each visit, in order; the last
    is the one whose outcome counts. `days` is how long it is watched. Every
    certificate outlives the scene, so that nothing but a pin can refuse.
    """

    name: str
    title: str
    text: str
    phases: tuple[Phase, ...]
    store: tuple[Authority, ...] = field(repr=False)
    days: int
    way: tuple[str, ...]

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
        there = [one.meeting for one in self.phases if one.meeting.host == host and one.begins <= day][-1]
        return replace(there, time=date(day), store=self.store)


class Cast:
    """The world of one scene, with certificates that are valid all through it."""

    def __init__(self) -> None:
        self.world = World(now=START)

    def credential(self, host: str = "bank.example", key: Key | None = None, *, issuer: str = "issuing") -> Credential:
        """A certificate from the site's own CA (`issuing`) or from another public one (`other_issuing`)."""
        authority: Authority = getattr(self.world, issuer)
        return authority.issue(
            host, key=key or new_key(), not_before=START - 30 * DAY, not_after=START + timedelta(days=1200)
        )


Body = Callable[[Cast], tuple[Phase, ...]]

DATED: dict[str, Callable[[], Dated]] = {}
"""Every dated scene by name, in teaching order; calling one makes it afresh, with new keys."""


def dated(*, days: int = 95, way: tuple[str, ...] = ("bank.example",)) -> Callable[[Body], Body]:
    """Register a dated scene under its function's name. Raises ValueError for a name that is taken."""

    def register(body: Body) -> Body:
        name = body.__name__
        if name in DATED:
            raise ValueError(f"there is a dated scene {name!r} already; choose another name")
        text = "\n".join(line.strip() for line in (body.__doc__ or "").strip().splitlines())

        def make() -> Dated:
            cast = Cast()
            return Dated(name, text.partition("\n")[0], text, body(cast), cast.world.store, days, way)

        DATED[name] = make
        return body

    return register


def scene(name: str) -> Dated:
    """A fresh dated scene by name; ValueError, naming the others, where there is none."""
    return named("dated HPKP scene", name, DATED)()


def _stolen(
    cast: Cast, header: Callable[[Credential, Key], str], after: Callable[[Credential, Key], Phase]
) -> tuple[Phase, ...]:
    """The article's story: the thief is on the line on days 28 and 29; on day 30 the site changes its key."""
    site, backup = cast.credential(), new_key()
    said = header(site, backup)
    thief = cast.credential(key=site.key)
    return (
        phase(0, "the site announces its pins", site, said),
        phase(ATTACK, "a thief has the key, and repeats the header", thief, said, Line.ATTACKER),
        after(site, backup),
    )


def _on(cast: Cast, key: Key) -> Credential:
    return cast.credential(key=key)


@dated()
def no_pins(cast: Cast) -> tuple[Phase, ...]:
    """
    The key is stolen, and the site never sent a header

    The control: what happens without HPKP.
    """
    return _stolen(cast, lambda site, backup: "", lambda site, backup: phase(RECOVERY, "a new key", cast.credential()))


@dated()
def backup_pin(cast: Cast) -> tuple[Phase, ...]:
    """
    The key is stolen; the header named a backup, and the site moves to it

    Sixty days. The backup key was kept offline; on day 30 the site uses it, and announces the next backup.
    """

    def after(site: Credential, backup: Key) -> Phase:
        moved = _on(cast, backup)
        return phase(RECOVERY, "the backup key, with the next backup", moved, announced(moved, cast.credential()))

    return _stolen(cast, lambda site, backup: announced(site, _on(cast, backup)), after)


@dated()
def no_backup_pin(cast: Cast) -> tuple[Phase, ...]:
    """
    The key is stolen; the header named no backup

    Sixty days, one pin. Section 2.5: a browser does not note such a header.
    """
    return _stolen(
        cast,
        lambda site, backup: announced(site),
        lambda site, backup: phase(RECOVERY, "a new key", moved := cast.credential(), announced(moved)),
    )


@dated()
def fake_backup(cast: Cast) -> tuple[Phase, ...]:
    """
    The key is stolen; the backup in the header was made up

    Sixty days. The second pin is of no key at all: it satisfies the browser, and nobody can ever use it.
    """
    return _stolen(
        cast,
        lambda site, backup: announced(site, FAKE_BACKUP),
        lambda site, backup: phase(RECOVERY, "a new key", moved := cast.credential(), announced(moved, FAKE_BACKUP)),
    )


@dated()
def lost_backup(cast: Cast) -> tuple[Phase, ...]:
    """
    The key is stolen; the backup was real, and is lost

    Sixty days. The site takes a new key and says max-age=0, but who would have to hear it cannot connect.
    """
    return _stolen(
        cast,
        lambda site, backup: announced(site, _on(cast, backup)),
        lambda site, backup: phase(
            RECOVERY, "a new key, and max-age=0", moved := cast.credential(), announced(moved, FAKE_BACKUP, days=0)
        ),
    )


@dated()
def retreat_in_time(cast: Cast) -> tuple[Phase, ...]:
    """
    The site takes its pins back before it changes its key

    From day 20 the header says max-age=0, still over the pinned key; on day 30 comes a new key. Nobody attacks.
    """
    site, backup = cast.credential(), cast.credential()
    return (
        phase(0, "the site announces its pins", site, announced(site, backup)),
        phase(20, "the site takes them back", site, announced(site, backup, days=0)),
        phase(RECOVERY, "a new key, no header", cast.credential()),
    )


@dated()
def hostile_pinning(cast: Cast) -> tuple[Phase, ...]:
    """
    An attacker pins the site to the attacker's keys; the site itself does not pin

    Another public CA mis-issues. For two days the attacker answers with a header for sixty days, and then leaves.
    """
    site, hostile = cast.credential(), cast.credential(issuer="other_issuing")
    return (
        phase(0, "the site, no header", site),
        phase(ATTACK, "an attacker pins", hostile, announced(hostile, cast.credential()), Line.ATTACKER),
        phase(RECOVERY, "the site again", site),
    )


@dated()
def hostile_pinning_of_a_pinned_site(cast: Cast) -> tuple[Phase, ...]:
    """
    The same attacker, but the site announces pins of its own

    Who knows the site's pins refuses the attacker; who meets the attacker first does not.
    """
    site, hostile = cast.credential(), cast.credential(issuer="other_issuing")
    said = announced(site, cast.credential())
    return (
        phase(0, "the site announces its pins", site, said),
        phase(ATTACK, "an attacker pins", hostile, announced(hostile, cast.credential()), Line.ATTACKER),
        phase(RECOVERY, "the site again", site, said),
    )


@dated(way=("bank.example", SUBDOMAIN))
def hostile_pinning_of_subdomains(cast: Cast) -> tuple[Phase, ...]:
    """
    An attacker pins the parent domain with includeSubDomains; the subdomain was never attacked

    Each visit goes to bank.example and then to mail.bank.example; the outcome at the second one counts.
    """
    site, mail = cast.credential(), cast.credential(SUBDOMAIN)
    hostile = cast.credential(issuer="other_issuing")
    header = announced(hostile, cast.credential(), subdomains=True)
    return (
        phase(0, "the site, no header", site),
        phase(0, "the subdomain, no header", mail, host=SUBDOMAIN),
        phase(ATTACK, "an attacker pins the parent", hostile, header, Line.ATTACKER),
        phase(RECOVERY, "the site again", site),
    )


@dated(days=400)
def a_year(cast: Cast) -> tuple[Phase, ...]:
    """
    A year-long max-age, and both pinned keys are gone

    max-age is 31536000, as Smashing Magazine's was. On day 30 neither pinned key is to be had.
    """
    site = cast.credential()
    return (
        phase(0, "the site announces its pins for a year", site, announced(site, FAKE_BACKUP, days=365)),
        phase(RECOVERY, "a new key", cast.credential()),
    )
