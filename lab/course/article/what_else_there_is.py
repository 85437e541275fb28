"""
The claims on what there is instead of pinning.

Revocation and transparency are met as clients that ask for a word of the
issuer's or of the logs, and as an owner who reads the logs; automation as a CA
that issues to whoever proves the name, and a machine that does.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.built.acme.own import OwnCa
from lab.built.acme.premises import Premises
from lab.built.acme.world import ordering
from lab.built.apart.levers import UNTOUCHED
from lab.built.apart.measured import Measured
from lab.built.apart.sets import Half
from lab.course.article.part import INTERCEPTED, SERVED, STOPPED, Part
from lab.course.article.scenes import shown_by_logs
from lab.course.ledger import Cell, Class, Ran, Section
from lab.observation import Outcome
from lab.pki.caa import NotIssued
from lab.pki.world import HOST, World
from lab.policy.clients import chosen, client
from lab.scenes.catalogue import case
from lab.show.words import spoken
from lab.trials.matrix import matrix
from lab.trials.standing import Standing
from lab.trials.trial import run

PART = Part(Section.ELSE)
on_condition, tried = PART.on_condition, PART.tried


@tried(
    Class.HOLDS,
    "Nothing replaces pinning exactly, but other techniques have the same aim.",
    Cell("leaf-pinned", "logged_in_public", STOPPED),
    Cell("dane-hard", "logged_in_public", STOPPED),
    Cell("pushed-list", "revoked_key_stapled", STOPPED),
    Cell("leaf-pinned", "revoked_key_stapled", INTERCEPTED),
    Cell("counts-scts", "unlogged", STOPPED),
)
def _none_is_the_same() -> Iterator[Ran]:
    """The control is a client that has no pin built in and is the same: it learnt the key when it first came."""
    asking = [one for group in ("revocation", "transparency", "dane") for one in chosen(group)]
    rows = [one for one in asking if not (one.pin_lists or one.bug or one.profile)]
    scenes = [case(name) for name in ("logged_in_public", "key_published_in_time", "revoked_key_stapled")]
    like = client("first-use-key")
    done = matrix([client("leaf-pinned"), like, *rows], scenes)
    each = {row.name: [done.cell(row.name, scene.name).outcome for scene in scenes] for row in done.clients}
    pinned, control = each.pop("leaf-pinned"), each.pop(like.name)
    same = [name for name, outcomes in each.items() if outcomes == pinned]
    what = f"of {len(each)} clients that ask issuers, logs or DNS, those like leaf-pinned in three scenes"
    words = f"{', '.join(same) or 'none'}; the control {like.name} is{'' if control == pinned else ' not'}"
    yield Ran(what, words, not same and control == pinned)


@tried(
    Class.CONDITION,
    "The usual alternative is Certificate Transparency: public records of what CAs issue.",
    condition="the certificate was handed in, and the logs show everybody one tree",
    note="Which alternative is the usual one nobody has counted in a source that we have seen",
)
def _in_the_records() -> Iterator[Ran]:
    for name in ("new_ca", "logged_in_public", "unlogged", "entry_hidden"):
        logs = shown_by_logs(case(name))
        yield Ran(f"logs that show the certificate of {name}", str(logs), logs > 0)


on_condition(
    "A CA writes each public certificate into such logs.",
    Cell("counts-scts", "new_ca", SERVED),
    Cell("counts-scts", "ca_forgot_to_log", SERVED),
    condition="its customers need clients that count: those refuse what was not handed in",
    note="Chromium asks for no receipt where it does not know the root (CheckCTRequirements: CT_NOT_REQUIRED)",
)


@tried(
    Class.FAILS,
    "From the logs a browser can tell that a certificate was rightly issued.",
    note="A receipt says that it was logged, and not who ordered it. The control asks the owner's DNS, and no log",
)
def _rightly_issued() -> Iterator[Ran]:
    """Whether a client refuses the attack and takes its twin, which somebody at the site did order."""
    scenes = [case(name) for name in ("logged_in_public", "unlogged", "entry_hidden")]
    rows = [client(name) for name in ("counts-scts", "wants-witness", "dane-hard")]
    done = matrix(rows, [half for one in scenes for half in (one, case(one.twin))])
    for row in rows[:2]:
        for one in scenes:
            found = [done.cell(row.name, half).outcome for half in (one.name, one.twin)]
            yield Ran(f"{row.name} in {one.name} and in its twin", " and ".join(found), found == [STOPPED, SERVED])
    control = [done.cell(rows[2].name, half).outcome for half in (scenes[0].name, scenes[0].twin)]
    what = f"the control {rows[2].name} in {scenes[0].name} and in its twin"
    yield Ran(what, " and ".join(control), control != [STOPPED, SERVED])


@tried(
    Class.CONDITION,
    "The owners of names ought to watch the logs.",
    condition="the false certificate is in the tree that they are shown; what is in none, clients have to refuse",
    note="jabber.ru's false certificates of 2023 were in the logs all along, and were noticed when one of them ran "
    "out (community.letsencrypt.org/t/206966)",
)
def _watched() -> Iterator[Ran]:
    """An owner who reads every six hours and knows what was ordered; the control is one who reads nothing."""
    for name in ("logged_in_public", "unlogged", "entry_hidden"):
        with Measured(case(name)) as runs:
            rings, false = (runs.alarm(half, UNTOUCHED) for half in Half)
            word, control = (runs.word(Half.ATTACK, UNTOUCHED, watched) for watched in (True, False))
        words = f"{spoken(rings)} (in its twin {spoken(false)}), revoked {spoken(word)}; unwatched {spoken(control)}"
        yield Ran(f"the alarm in {name}", words, word is not None and false is None and control is None)


@tried(
    Class.CONDITION,
    "The best remedy is to automate the whole life of certificates, from request to revocation.",
    Cell("unpinned", "failed_on_a_saturday_in_time", SERVED),
    Cell("unpinned", "failed_on_a_saturday", SERVED),
    condition="the machine renews with days to spare, keeps the keys that somebody pinned, and nobody else stands in "
    "front of the server: whoever does orders as well as it does",
    note="lego, certbot and dehydrated make a new key at each renewal unless they are told otherwise (measured against "
    "Pebble, a CA for tests); CAA records that name an account stop the second one, and not who stole the first",
)
def _by_machine() -> Iterator[Ran]:
    """Orders that a CA proves at the site's own port 80: who comes to be served, or robbed, or to nothing at all."""
    with Premises() as site:
        world = ordering(OwnCa(site, asks_caa=False))
        yield _ordered(world, "new_key", "unpinned", SERVED)
        yield _ordered(world, "new_key", "leaf-pinned", SERVED)
        yield _ordered(world, "second_account", "unpinned", STOPPED)
        asking = OwnCa(site)
        world = ordering(asking)  # its owner's account is the first one there
        site.zone.caa = {HOST: [f'0 issue "{asking.domain}; accounturi=https://{asking.domain}/account/1"']}
        for scene in ("second_account", "stolen_account"):
            yield _ordered(world, scene, "unpinned", STOPPED, "a CA that asks CAA")


def _ordered(world: World, scene: str, row: str, wanted: Outcome, of: str = "a CA") -> Ran:
    """A client in a scene whose certificates are ordered; where nothing is issued nobody can be robbed."""
    what = f"{row} in {scene}, ordered of {of}"
    try:
        with Standing(case(scene), case(scene).scene(world)) as standing:
            found = run(client(row), standing).outcome
    except NotIssued:
        return Ran(what, "nothing is issued", wanted is STOPPED)
    return Ran(what, found.value, found is wanted)


on_condition(
    "Hardly any developer should pin today.",
    Cell("unpinned", "new_key", SERVED),
    Cell("leaf-pinned", "new_key", SERVED),
    Cell("unpinned", "same_intermediate", STOPPED),
    Cell("leaf-pinned", "same_intermediate", STOPPED),
    condition="an outage costs them more than a robbery that only a pin stops; notebook 08 weighs the two",
)
