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
from lab.policy.clients import Client
from lab.policy.memory import PORT
from lab.policy.rules import continuity_of
from lab.scenes.catalogue import Scene
from lab.trials.engine import Encounter, meet
from lab.trials.standing import Ground


def live(client: Client, story: Scene, store: Store | None = None) -> list[Encounter]:
    """
    Take a client that remembers through the story, each meeting at its own date.

    Its memory is `store`, or one that is thrown away afterwards. Raises
    ValueError where another process changes it meanwhile.
    """
    continuity, mind = continuity_of(client), client.mind(story.site)
    with ExitStack() as stack:
        if store is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-"))
            store = stack.enter_context(Store(Path(folder) / "known.sqlite"))
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
