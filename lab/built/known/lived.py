"""
A client with a memory on a disk, through a story of days, over real TLS.

The engine makes the meetings. Here is only what a store adds: what is known is
read from it before each meeting, and what a meeting changed is in it when the
meeting is over, or nothing of it is.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from lab.built.known.store import Store
from lab.policy.clients import Client, chosen
from lab.policy.memory import PORT
from lab.scenes.catalogue import Scene
from lab.trials.engine import Encounter, meet
from lab.trials.standing import Ground


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
