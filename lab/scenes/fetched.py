"""
Scenes of the issuer's later word where the client asks for it itself, or has it with an update, or waits for the end.

On day 0 the server's key is stolen, on day 1 its certificate is revoked. Then
the thief is on the line, and on every line that the client asks over. In the
twins nobody was robbed: something broke, at the CA or on the way. What a thief
cannot do is take back an update that has come, or sign for a CA. Answers and
lists hold for a week, updates come every twelve hours, and cover what the logs
of the world have.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from cryptography.x509 import ReasonFlags

from lab.observation import Line
from lab.pki.authority import BACKDATED, Credential
from lab.pki.elsewhere import ANSWERS, LISTS, Gone, Handed, Open, cut, late
from lab.pki.revoke import Revoked, crl, damaged, listed_at, part_at
from lab.pki.says import Says
from lab.pki.update import ordinary
from lab.pki.world import World
from lab.policy.pinset import Reach
from lab.scenes.announced import on
from lab.scenes.catalogue import Fault, Holds, Scene, Way, attack, honest, rotation, slip, then, told

TWO, EIGHT, MONTH = timedelta(days=2), timedelta(days=8), timedelta(days=30)


def _gone(world: World, reason: ReasonFlags = ReasonFlags.key_compromise) -> Gone:
    """The issuer has taken the certificate back, on day 1."""
    return world.issuing, Revoked(world.genuine.leaf.serial_number, on(world, 1).now, reason)


def _told(
    line: Line, world: World, after: timedelta, stapled: Handed, *gone: Gone, new: Credential | None = None, **ways: Any
) -> Scene:
    """
    The genuine server; and after so long this line, where all is as it is on an ordinary day but for the `ways`.

    What is `stapled` is of day 0; a `new` certificate is shown in the site's place where there is one.
    """
    later, shown = world.at(world.now + after), new or world.genuine
    elsewhere = replace(ordinary(world.logs, gone, later.now), **ways)
    says = Says(staple=stapled(shown, world.now) or b"")
    return told(world, honest(world), then(later, line, shown, _TITLES[line], says=says, elsewhere=elsewhere))


_TITLES = {
    Line.ATTACKER: "the thief is on the line, and on those that the client asks over",
    Line.GENUINE: "the genuine server, on that day",
}
_met, _visited = (partial(_told, line) for line in _TITLES)


def _robbed(world: World, after: timedelta, stapled: Handed, **ways: Any) -> Scene:
    """The thief is on the line when the certificate has been revoked."""
    return _met(world, after, stapled, _gone(world), **ways)


_day = partial(rotation, reach=Reach.CERTIFICATE, repeats="ordinary_day")
_theft = partial(attack, reach=Reach.CERTIFICATE, holds=Holds.SERVER_KEY, way=Way.WIFI)
_robbery = partial(_theft, repeats="stolen_key_and_certificate")

# ---- the word is cut ------------------------------------------------------------------------------


@_day()
def ca_unreachable(world: World) -> Scene:
    """
    Nobody reaches the CA: no answer, no list, and nothing to staple

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (whoever asks hears nothing)

    All that the CA says stands at one place, and the lines to it are down.
    """
    return _visited(world, TWO, cut, answers=cut, lists=cut)


@_robbery(twin="ca_unreachable")
def every_word_cut(world: World) -> Scene:
    """
    The key is stolen and its certificate revoked, and the thief cuts every way to the CA

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; whoever asks hears nothing)

    Who is on the line to the bank is on the line to the CA. What came yesterday nobody can cut.
    """
    return _robbed(world, TWO, cut, answers=cut, lists=cut)


@_day()
def broken_files(world: World) -> Scene:
    """
    What the CA hands out is damaged: its signature is none

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (answers, lists and staple under no signature)

    A disk at the distribution point has failed, and its checksums were never looked at.
    """
    return _visited(world, TWO, broken(ANSWERS), **_BROKEN)


@_robbery(twin="broken_files")
def forged_words(world: World) -> Scene:
    """
    The key is stolen and its certificate revoked, and the thief writes good answers and lists himself

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; all of it under no signature)

    He holds a server's key, and the CA's he does not. To soft clients an answer that is none is as good as silence.
    """
    return _robbed(world, TWO, broken(ANSWERS), **_BROKEN)


def broken(handed: Open) -> Open:
    """The same under a signature that nobody made."""
    return lambda credential, time: damaged(handed(credential, time))


_BROKEN: dict[str, Any] = {"answers": broken(ANSWERS), "lists": broken(LISTS)}


# ---- the last good word ---------------------------------------------------------------------------


@_day()
def words_from_the_cache(world: World) -> Scene:
    """
    A cache hands out answers and lists of two days ago, which still hold

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (answers, lists and staple of day 0)

    They are made for a week so that caches can: a CA could not make one for each who asks.
    """
    return _visited(world, TWO, ANSWERS, **_late(TWO))


@_robbery(twin="words_from_the_cache")
def words_replayed(world: World) -> Scene:
    """
    The key is stolen and its certificate revoked, and the thief hands out the last good answers and lists

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; answers, lists and staple of day 0)

    All of it is genuine, signed and fresh. Hard and soft clients are robbed alike, until the week is over.
    """
    return _robbed(world, TWO, ANSWERS, **_late(TWO))


@_day()
def list_late(world: World) -> Scene:
    """
    The CA's new lists and answers are late, and the old ones hold no longer

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 8:  Honest Root -> Honest Issuing CA 1 -> bank.example   (answers, lists and staple of day 0)

    The machine that signs them has stood still for a week.
    """
    return _visited(world, EIGHT, ANSWERS, **_late(EIGHT))


@_robbery(twin="list_late")
def words_replayed_past_their_end(world: World) -> Scene:
    """
    The key is stolen and its certificate revoked, and the thief hands out the last good words when they are over

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 8:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; answers, lists and staple of day 0)

    Who forgets to read nextUpdate hears for ever that all was well on day 0.
    """
    return _robbed(world, EIGHT, ANSWERS, **_late(EIGHT))


def _late(by: timedelta) -> dict[str, Any]:
    """The answers and lists of so long ago, when nothing was revoked."""
    return {"answers": late(ANSWERS, by), "lists": late(LISTS, by)}


# ---- the word has not come yet --------------------------------------------------------------------

SOON = timedelta(days=1, hours=6)


@_day()
def revoked_before_the_update(world: World) -> Scene:
    """
    The CA has revoked the site's certificate six hours ago, and no update has come since

        day 0:     Honest Root -> Honest Issuing CA 1 -> bank.example
        day 1.25:  Honest Root -> Honest Issuing CA 1 -> bank.example   (revoked since day 1; the staple of day 0)

    The CA had made a mistake. Who fetches hears of it at once, and has the outage.
    """
    return _visited(world, SOON, ANSWERS, _gone(world, ReasonFlags.superseded))


@_robbery(twin="revoked_before_the_update")
def thief_before_the_update(world: World) -> Scene:
    """
    The certificate was revoked six hours ago, the thief cuts nothing, and no update has come since

        day 0:     Honest Root -> Honest Issuing CA 1 -> bank.example
        day 1.25:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; the staple of day 0)

    An update cannot be cut once it is there, and is never newer than when it came.
    """
    return _robbed(world, SOON, ANSWERS)


# ---- a word about others --------------------------------------------------------------------------

PART, OTHER_PART = "http://lists.honest.example/1", "http://lists.honest.example/2"


def _parted(world: World) -> World:
    """The same world, whose site's certificate says which part of the list is about it."""
    return world.after(world.issuing.issue(*world.hosts, extensions=[listed_at(PART)]), world.store)


def other_part(credential: Credential, time: datetime) -> bytes:
    """For a site the part of the list that is about other certificates, which is right about those."""
    issuer = credential.issuer
    sub = issuer and issuer.parent
    return crl(issuer, (), time, part=part_at(OTHER_PART)) if issuer and sub else LISTS(credential, time)


@_day()
def wrong_part_served(world: World) -> Scene:
    """
    The CA's list comes in parts, and its CDN serves another part than the certificate's

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (its part: 1)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (part 2 is served; no answers)

    The CA has switched its responder off since, as Let's Encrypt did in August 2025.
    """
    return _visited(_parted(world), TWO, cut, answers=cut, lists=other_part)


@_robbery(twin="wrong_part_served")
def part_withheld(world: World) -> Scene:
    """
    The key is stolen and its certificate revoked, and the thief hands out another part of the CA's list

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (its part: 1)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; part 2 is served; no answers)

    Part 2 is genuine, of today, and does not name the certificate. Each part says which part it is.
    """
    return _robbed(_parted(world), TWO, cut, answers=cut, lists=other_part)


# ---- an intermediate ------------------------------------------------------------------------------


def _closed(world: World, reason: ReasonFlags) -> Gone:
    """The root has taken the issuing CA back, on day 1."""
    return world.root, Revoked(world.issuing.certificate.serial_number, on(world, 1).now, reason)


@rotation(reach=Reach.INTERMEDIATE, repeats="new_key")
def intermediate_closed_down(world: World) -> Scene:
    """
    The CA closes down an intermediate, where the site has renewed the day before

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (new key; the CA is revoked since day 1)

    The site's own certificate is good, and says so. The CA has told its customers, and somebody was on holiday.
    """
    closed = _closed(world, ReasonFlags.cessation_of_operation)
    return _visited(world, TWO, ANSWERS, closed, new=world.issuing.issue(*world.hosts, algorithm=world.algorithm))


@attack(
    reach=Reach.INTERMEDIATE,
    twin="intermediate_closed_down",
    holds=Holds.SITE_INTERMEDIATE,
    way=Way.WIFI,
    repeats="same_intermediate",
)
def issuing_ca_stolen(world: World) -> Scene:
    """
    The issuing CA's key is stolen, and its revocation is in the root's list

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key; the CA is revoked since day 1)

    About his certificate the thief signs answers, lists and staples as he likes. Above him somebody else signs.
    """
    forged = world.issuing.issue(*world.hosts, algorithm=world.algorithm)
    return _met(world, TWO, ANSWERS, _closed(world, ReasonFlags.ca_compromise), new=forged)


# ---- a short life ---------------------------------------------------------------------------------


def _short(world: World) -> World:
    """The same world with a certificate of 160 hours, as those of Let's Encrypt's profile `shortlived` are."""
    end = world.now - BACKDATED + timedelta(hours=160)
    return world.after(world.issuing.issue(*world.hosts, not_after=end), world.store)


@_day()
def short_life(world: World) -> Scene:
    """
    A site with a certificate of 160 hours, on its last day

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (for 160 hours)
        day 5:  Honest Root -> Honest Issuing CA 1 -> bank.example

    Its owner says every few days that it is his, by taking another. He need not ask a CA to tell anybody.
    """
    return _visited(_short(world), timedelta(days=5), ANSWERS)


@_robbery(twin="short_life")
def short_key_stolen(world: World) -> Scene:
    """
    The key of a short certificate is stolen, and nobody has noticed

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (for 160 hours)
        day 5:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief)

    Nobody revokes what nobody misses. What is left of a certificate's life is the thief's.
    """
    return _met(_short(world), timedelta(days=5), ANSWERS)


@_theft(fails=Fault.EXPIRED, repeats="expired_with_stolen_key")
def short_key_stolen_past_its_end(world: World) -> Scene:
    """
    The key of a short certificate was stolen, nobody has noticed, and it is over

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (for 160 hours)
        day 8:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief)

    It takes nobody who notices, no CA that answers and no way to it: every client has a clock.
    """
    return _met(_short(world), EIGHT, ANSWERS)


@slip(reach=Reach.CERTIFICATE, fails=Fault.EXPIRED, repeats="forgot_to_renew")
def short_renewal_broken(world: World) -> Scene:
    """
    The machine that renews a short certificate broke on a Saturday

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (for 160 hours)
        day 8:  Honest Root -> Honest Issuing CA 1 -> bank.example   (over since Friday)

    Who renews every few days has as long to repair what renews. The clock tells the owner's silence from nothing.
    """
    return _visited(_short(world), EIGHT, ANSWERS)


# ---- a clock that is off --------------------------------------------------------------------------


@_day()
def clock_behind(world: World) -> Scene:
    """
    The client's clock is thirty days behind

        day 0:   Honest Root -> Honest Issuing CA 1 -> bank.example
        day 30:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the client takes it for day 0)

    Its battery was empty. Everything that is said today is, for such a client, of the future.
    """
    pushed = ordinary(world.logs, (), world.now + MONTH).pushed
    return _visited(world, timedelta(0), late(ANSWERS, -MONTH), **_late(-MONTH), pushed=pushed)


@_robbery(twin="clock_behind")
def clock_set_back(world: World) -> Scene:
    """
    The thief has set the client's clock back to the day of the theft, and hands out what was said then

        day 0:   Honest Root -> Honest Issuing CA 1 -> bank.example
        day 30:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; the client takes it for day 0)

    A word holds until its end, and the end is where the client's clock says. Here to be hard is of no use.
    """
    pushed = ordinary(world.logs, (_gone(world),), world.now + MONTH).pushed
    return _met(world, timedelta(0), ANSWERS, pushed=pushed)
