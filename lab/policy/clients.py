"""
The table of clients: one row each, in teaching order.

A client is a name, a policy, and how it learnt what it knows. Adding one is
adding a row. The careless ones are named for their bug and say where it was
seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from lab import naming
from lab.building import AS_OPENSSL, PathBuilding
from lab.observation import Evidence, Proof
from lab.policy import checks
from lab.policy.check import Basis, Enrolment, Known, Learnt, Policy, Stage, needs
from lab.policy.checks import ORDINARY
from lab.policy.continuity import Continuity
from lab.policy.memory import Memory
from lab.policy.mind import Mind
from lab.policy.pinset import PinList


@dataclass(frozen=True)
class Profile:
    """
    Which real implementation a row speaks for, and how that is known.

    `ran` says that the lab's field test runs the program; otherwise the row is
    modelled from what `source` says, and not run. `pinned` says in words what
    it was given to pin; `switches_off` what its way of pinning turns off.
    """

    program: str
    pinned: str
    source: str
    ran: bool = True
    switches_off: str = ""

    @property
    def how(self) -> str:
        """How the row is known, in words."""
        return "run in the field test" if self.ran else "modelled, not run"


@dataclass(frozen=True)
class Client:
    """
    One kind of client.

    `story` marks the eight that tell the story in a terminal. `ignoring` holds
    OpenSSL error codes that this client's validator does not know; `building` says how
    it builds its paths; `resumes` that it takes a session from a cache which other parts
    of its program filled; `switched_off` that an attacker inside its process replaces its
    decision. `bug` and `source` are empty for a sound client; `profile` is set
    where the row speaks for one real implementation. `shows` is what it shows of
    itself to whoever it talks to. `also` are its other names.
    """

    name: str
    title: str
    policy: Policy
    story: bool = False
    ignoring: frozenset[int] = frozenset()
    building: PathBuilding = AS_OPENSSL
    resumes: bool = False
    switched_off: bool = False
    bug: str = ""
    source: str = ""
    profile: Profile | None = None
    shows: frozenset[Proof] = frozenset()
    also: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash((self.policy, self.ignoring, self.resumes))  # what neighbours in a search differ in

    @property
    def learnt(self) -> tuple[Learnt, ...]:
        """How it learnt what its policy compares with; empty where nothing is compared."""
        found = [Learnt.BUILT_IN] if any(check.pin_set for check in self.policy) else []
        for check in self.policy:
            if check.remembers:
                found += check.remembers.how
        return tuple(dict.fromkeys(found))

    def mind(self, enrolment: Enrolment | None = None) -> Mind:
        """What this client knows before its first meeting, and how it learns; nothing, without an enrolment."""
        memory, known = Memory(), Known()
        if enrolment:
            for check in self.policy:
                memory = check.remembers.begin(memory, enrolment) if check.remembers else memory
            known = Known(site=enrolment.site) if any(check.pin_set for check in self.policy) else known
        known = replace(known, memory=memory)
        return Mind(
            self.policy,
            known,
            ignoring=self.ignoring,
            building=self.building,
            resumes=self.resumes,
            switched_off=self.switched_off,
            shows=self.shows,
        )

    @property
    def continuity(self) -> Continuity | None:
        """How it remembers keys that it met; None where it does not."""
        kinds = (check.remembers for check in self.policy)
        return next((one for one in kinds if isinstance(one, Continuity)), None)

    @property
    def pin_lists(self) -> tuple[PinList, ...]:
        """Every pin list of the policy; all of them must match."""
        return tuple(one for check in self.policy if check.pin_set for one in check.pin_set.lists)

    def at(self, stage: Stage) -> Policy:
        """The checks that run at this stage."""
        return tuple(check for check in self.policy if check.stage is stage)

    def record(self) -> dict[str, Any]:
        """The row as plain JSON values."""
        return {
            "name": self.name,
            "also": list(self.also),
            "title": self.title,
            "story": self.story,
            "checks": [check.name for check in self.policy],
            "learnt": [how.value for how in self.learnt],
            "anchors": self.building.anchors.value,
            "branching": self.building.branching.value,
            "bug": self.bug or None,
            "source": self.source or None,
            "profile": asdict(self.profile) if self.profile else None,
        }


CLIENTS: dict[str, Client] = {}
"""The kinds of clients: the columns of the matrix."""
FURTHER: dict[str, Client] = {}
"""Further columns, for whoever asks for them: clients that learn (`lab.policy.learning`), or ask others."""
PROFILES: dict[str, Client] = {}
"""Real implementations, as rows of the same table; `lab.policy.profiles` fills it."""

CA_FLAG_ERRORS = frozenset({79, 26, 32})
"""basicConstraints and key usage, as OpenSSL reports them; 24 ("invalid CA") is something else."""


def register(client: Client, shelf: dict[str, Client] | None = None) -> Client:
    """Add a row, to the profiles where it has one, else to `shelf`. Raises ValueError where a name is taken."""
    taken = _by_name()
    for name in (client.name, *client.also):
        if name in taken:
            raise ValueError(f"there is already a client named {name!r}; names are ids, choose another")
    if client.profile:
        shelf = PROFILES
    (CLIENTS if shelf is None else shelf)[client.name] = client
    return client


def every() -> list[Client]:
    """Every row of the table, on whichever shelf."""
    return [*CLIENTS.values(), *FURTHER.values(), *PROFILES.values()]


def _by_name() -> dict[str, Client]:
    return {name: one for one in every() for name in (one.name, *one.also)}


def client(name: str) -> Client:
    """The client that has this name, or has it too. Raises ValueError, naming the nearest, where there is none."""
    return naming.named("client", name, _by_name(), "`python -m lab list` names them all")


def chosen(names: str | Iterable[str | Client] = "story") -> list[Client]:
    """
    Clients by name, or a group: ``"story"`` (the eight of the terminal), ``"all"`` (the columns of the matrix),
    ``"hpkp"``, ``"continuity"``, ``"revocation"``, ``"transparency"``, ``"dane"`` (who heeds headers, remembers keys,
    asks issuers, wants SCTs or a proof, wants signed records), ``"bound"`` (who shows something of itself), ``"hsts"``
    (who goes to https in spite of a link), ``"profiles"``.
    """
    groups = {
        "story": [one for one in CLIENTS.values() if one.story],
        "all": CLIENTS.values(),
        "hpkp": [one for one in every() if Learnt.HEADER in one.learnt],
        "continuity": [one for one in every() if one.continuity],
        "revocation": [one for one in every() if any(check.basis is Basis.SINCE for check in one.policy)],
        "transparency": [one for one in every() if {Evidence.SCTS, Evidence.INCLUSION} & needs(one.policy)],
        "dane": [one for one in every() if Evidence.RECORDS in needs(one.policy)],
        "bound": [one for one in every() if one.shows],
        "hsts": [one for one in every() if Learnt.STRICT in one.learnt],
        "profiles": PROFILES.values(),
    }
    return naming.chosen(names, groups, client)


for _row in (
    Client("trust-everything", "accepts whatever it is shown", ()),
    Client("unpinned", "trusts every CA in the store, as browsers do", ORDINARY, story=True),
    Client("root-pinned", "wants the site's root key on the path", (*ORDINARY, checks.ROOT_PIN), story=True),
    Client(
        "intermediate-pinned",
        "wants the site's intermediate key on the path",
        (*ORDINARY, checks.INTERMEDIATE_PIN),
        story=True,
    ),
    Client("leaf-pinned", "wants the site's own key", (*ORDINARY, checks.LEAF_PIN), story=True),
    Client("certificate-pinned", "wants the site's very certificate", (*ORDINARY, checks.CERTIFICATE_PIN)),
    Client(
        "leaf-or-backup",
        "wants the site's own key or its planned backup key",
        (*ORDINARY, checks.LEAF_OR_BACKUP_PIN),
        story=True,
    ),
    Client(
        "any-of-chain",
        "pins leaf, intermediate and root, and any will do",
        (*ORDINARY, checks.ANY_OF_CHAIN_PIN),
        story=True,
    ),
    Client(
        "leaf-and-ca",
        "pins the leaf and its CAs, and both lists must match",
        (*ORDINARY, checks.LEAF_AND_CA_PINS),
        story=True,
    ),
    Client(
        "first-use-key",
        "remembers the key it met first; asks no CA",
        (checks.KNOWN_KEY,),
        story=True,
        also=("strict",),
    ),
    Client("first-use-certificate", "remembers the certificate it met first; asks no CA", (checks.KNOWN_CERTIFICATE,)),
    Client(
        "first-use-with-ca",
        "remembers the key it met first, on top of ordinary validation",
        (*ORDINARY, checks.KNOWN_KEY),
        also=("with-ca",),
    ),
    Client(
        "pins-presented-chain",
        "looks for the leaf pin among whatever the server sent",
        (*ORDINARY, checks.PRESENTED_CHAIN_PIN),
        bug="pins are compared with the presented chain, not with the path",
        source="CVE-2016-2402 (OkHttp before 2.7.4 and 3.1.2)",
    ),
    Client(
        "no-host-name-check",
        "wants the intermediate key, and never reads the name",
        (checks.VALIDATION, checks.INTERMEDIATE_PIN),
        bug="the host name is not checked; the pin hides that from ordinary tests",
        source="Spinner, ACSAC 2017: 9 of 400 apps",
    ),
    Client(
        "ignores-ca-flag",
        "wants the intermediate key, on paths where any certificate may sign",
        (*ORDINARY, checks.INTERMEDIATE_PIN),
        ignoring=CA_FLAG_ERRORS,
        bug="basicConstraints and key usage are ignored, so a server's certificate can act as a CA",
        source="CVE-2002-0862",
    ),
    Client(
        "checks-too-late",
        "wants the site's own key, and asks after the request has gone",
        (*ORDINARY, checks.LATE_LEAF_PIN),
        bug="the pin is compared after the request was sent",
        source="measured with httpx 0.28.1, where the response is the obvious place to see the chain, and is too late",
    ),
    Client(
        "skips-when-resumed",
        "wants the site's own key, but a resumed session skips the check",
        (*ORDINARY, checks.FULL_HANDSHAKE_LEAF_PIN),
        resumes=True,
        bug="sessions come from a cache that an unpinned part of the program filled",
        source="AFNetworking with the CFNetwork session cache, yageek.net, 2015-04-25",
    ),
    Client(
        "switched-off",
        "wants the site's own key, but its check is replaced while it runs",
        (*ORDINARY, checks.LEAF_PIN),
        switched_off=True,
        bug="an attacker inside the process replaces the check; no pin can help",
        source="OWASP MASTG-TECH-0012",
    ),
):
    register(_row)
