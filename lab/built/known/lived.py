"""
A client with a memory on a disk, through a story of days, over real TLS.

The engine makes the meetings. Here is only what a store adds: what is known is
read from it before each meeting, and what a meeting changed is in it when the
meeting is over, or nothing of it is. So it is with a server that is no story's.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lab.built.known.store import Store
from lab.observation import Certificate, Lesson, Verdict
from lab.policy.check import Known
from lab.policy.clients import Client, chosen, client
from lab.policy.memory import PORT, Memory
from lab.policy.mind import Mind
from lab.scenes.catalogue import Scene
from lab.trials.engine import Encounter, meet
from lab.trials.standing import Ground
from lab.wire import tls
from lab.wire.client import connect
from lab.wire.knock import knock
from lab.wire.listener import require_loopback


def live(client: Client, story: Scene, store: Store | None = None) -> list[Encounter]:
    """
    Take a client that remembers through the story, each meeting at its own date.

    Its memory is `store`, or one that is thrown away afterwards; what it begins
    with goes in first, where nothing is known of the host. Raises ValueError
    where it remembers no keys, or another process changes them meanwhile.
    """
    continuity, mind = client.continuity, client.mind(story.enrolment)
    if continuity is None:
        raise ValueError(
            f"{client.name} remembers no keys; try one of {', '.join(one.name for one in chosen('continuity'))}"
        )
    with ExitStack() as stack:
        if store is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-"))
            store = stack.enter_context(Store(Path(folder) / "known.sqlite"))
        if not store.look_up(story.host, PORT):
            store.fill(mind.known.memory.records)
        ground = stack.enter_context(Ground(story.host))
        lived: list[Encounter] = []
        for meeting in story.meetings:
            memory = replace(mind.known.memory, records=store.look_up(story.host, PORT))
            mind.known = replace(mind.known, memory=memory)
            met = meet(ground, meeting, mind)()
            lived.append(met)
            update = continuity.kept(memory, met.lesson, met.verdict.accepted)
            if update and not store.apply(update, story.host, PORT, meeting.time, expecting=memory.records):
                raise ValueError(
                    f"another process changed what {store.path} knows of {story.host} while this story ran; "
                    "give each story a store of its own"
                )
        return lived


def greet(store: Store, host: str, port: int) -> tuple[Verdict, Certificate]:
    """
    Meet a server on loopback as `first-use-key` does: what was decided, and the leaf that was shown.

    It asks no CA, nor whose name stands in the certificate. What the meeting
    changed is in the store when this returns; nothing of it is where the key
    was refused. Raises ValueError, in one sentence, elsewhere than on loopback,
    where nobody showed a certificate, and where the handshake broke off.
    """
    address, row = require_loopback((host, port)), client("first-use-key")
    continuity = row.continuity
    assert continuity is not None
    while True:
        known = store.look_up(host, port)
        # A rule of continuity knows a host and no ports: what is known of this port is all that it is given.
        memory = Memory(tuple(replace(one, port=PORT) for one in known))
        mind = Mind(row.policy, Known(memory=memory))
        now = datetime.now(UTC)
        met = connect(address, host, tls.client_context(()), mind.decide, time=now)
        verdict, leaf = mind.verdict(met.observation), met.observation.leaf
        if leaf is None or (verdict.accepted and not met.accepted):
            why = knock(address, host) or f"broke off: {met.failure}"
            raise ValueError(f"{host}:{port} {why}; start a TLS server there, and meet it again")
        update = continuity.kept(memory, Lesson(met.observation, met.accepted), verdict.accepted)
        if update is None or store.apply(update, host, port, now, expecting=known):
            return verdict, leaf  # else another process has changed what is known meanwhile: judge again
