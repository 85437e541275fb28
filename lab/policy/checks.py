"""
Checks: pure functions from an observation, and what the client knows, to a finding.

A policy is an ordered list of them. The sound ones come first; the careless
ones below are kept because real programs had them, and each names its source.
"""

from __future__ import annotations

from collections.abc import Callable

from lab.observation import Finding, Observation, names
from lab.policy.check import Basis, Check, Known, Policy, Rule, Stage, judge
from lab.policy.continuity import Continuity, known
from lab.policy.memory import Remembered
from lab.policy.pinset import PinSet, Role, Where

__all__ = ["Basis", "Check", "Known", "Policy", "Remembered", "Rule", "Stage", "judge", "names", "pinned"]


# ---- the sound checks ----------------------------------------------------------------------------


def _validation(observation: Observation, known: Known) -> tuple[bool, str]:
    if observation.error is not None:
        error = observation.error
        at = observation.presented[error.depth].name if error.depth < len(observation.presented) else "a certificate"
        return False, f"no path to a trust anchor: {error.name or at}: {error.reason}"
    if observation.path is not None:
        return True, f"a path leads to {observation.path[-1].name}, which the trust store holds"
    if observation.resumed:
        return True, "a resumed session: whoever made it first did the validation"
    return False, "the server showed no certificate"


def _host_name(observation: Observation, known: Known) -> tuple[bool, str]:
    if observation.name_mismatch:
        return False, observation.name_mismatch
    return True, f"the certificate answers for {observation.host}"


def matched(pin_set: PinSet, observation: Observation, known: Known) -> Finding:
    """Whether each list of the pin set names a certificate where that list may match."""
    found: list[str] = []
    for pins in pin_set.lists:
        here = pins.matches(observation, known.site)
        if not here:
            shown = pins.where.of(observation) or pin_set.lists[0].where.of(observation)
            return Finding("", False, "no pinned key", pins.wanted(known.site), shown, pins.where.value)
        found.append(here[0].name)
    return Finding("", True, f"{' and '.join(found)} on {pin_set.lists[0].where.value} has a pinned key")


def pinned(name: str, pin_set: PinSet, stage: Stage = Stage.HANDSHAKE) -> Check:
    """
    Some key on the path is one that was pinned (RFC 7469 section 2.6).

    A resumed session has no path, so it is refused: without certificates there
    is nothing to compare.
    """

    def rule(observation: Observation, known: Known) -> Finding:
        if observation.path is None:
            why = "the session was resumed" if observation.resumed else "validation built none"
            return Finding("", False, f"there is no path to look for pins on: {why}")
        return matched(pin_set, observation, known)

    return Check(name, rule, Basis.PATH, stage, pin_set)


VALIDATION = Check("path validation", _validation, Basis.VALIDATION)
HOST_NAME = Check("host name", _host_name, Basis.NAME)
ORDINARY = (VALIDATION, HOST_NAME)
"""What every browser asks, and every policy that adds pins to it."""
ROOT_PIN = pinned("root pin", PinSet.any_of(Role.ROOT))
INTERMEDIATE_PIN = pinned("intermediate pin", PinSet.any_of(Role.INTERMEDIATE))
LEAF_PIN = pinned("leaf pin", PinSet.any_of(Role.LEAF))
CERTIFICATE_PIN = pinned("leaf certificate pin", PinSet.any_of(Role.CERTIFICATE))
LEAF_OR_BACKUP_PIN = pinned("leaf or backup pin", PinSet.any_of(Role.LEAF, Role.BACKUP))
ANY_OF_CHAIN_PIN = pinned("any-of-chain pin", PinSet.any_of(Role.LEAF, Role.INTERMEDIATE, Role.ROOT))
LEAF_AND_CA_PINS = pinned(
    "leaf and CA pins",
    PinSet.any_of(Role.LEAF, where=Where.LEAF).and_any_of(Role.INTERMEDIATE, Role.ROOT, where=Where.CA),
)
KNOWN_KEY = known("known key", Continuity())
KNOWN_CERTIFICATE = known("known certificate", Continuity(certificate=True))

SOUND = (
    VALIDATION,
    HOST_NAME,
    ROOT_PIN,
    INTERMEDIATE_PIN,
    LEAF_PIN,
    CERTIFICATE_PIN,
    LEAF_OR_BACKUP_PIN,
    ANY_OF_CHAIN_PIN,
    LEAF_AND_CA_PINS,
    KNOWN_KEY,
    KNOWN_CERTIFICATE,
)
"""What may be added to a policy to repair it."""


# ---- the careless checks -------------------------------------------------------------------------


def shown(name: str, pin_set: PinSet, basis: Basis = Basis.LEAF) -> Check:
    """A pin on what the server itself showed, with or without a path: no CA stands behind it."""
    return Check(name, lambda observation, known: matched(pin_set, observation, known), basis, pin_set=pin_set)


def waived(name: str, check: Check, excuse: Callable[[Observation, Known], str]) -> Check:
    """The same check, which passes without being asked where there is an excuse."""

    def rule(observation: Observation, known: Known) -> tuple[bool, str] | Finding:
        why = excuse(observation, known)
        return (True, why) if why else check.rule(observation, known)

    return Check(name, rule, check.basis, pin_set=check.pin_set)


def _resumed(observation: Observation, known: Known) -> str:
    resumed = "the session was resumed: no certificate came, and the check was not called"
    return resumed if observation.resumed else ""


PRESENTED_CHAIN_PIN = shown("presented-chain pin", PinSet.any_of(Role.LEAF, where=Where.PRESENTED), Basis.PRESENTED)
LATE_LEAF_PIN = pinned("late leaf pin", PinSet.any_of(Role.LEAF), Stage.AFTER_REQUEST)
FULL_HANDSHAKE_LEAF_PIN = waived("leaf pin in full handshakes", LEAF_PIN, _resumed)
