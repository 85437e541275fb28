"""
What a timeline costs beside the handshakes that it makes: for the bench.

The partner is the same number of connections with none of the lab's timeline
around them: one client, one service, one credential, ordinary validation.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from lab.built.time.reading import load
from lab.built.time.run import run
from lab.pki.world import World
from lab.wire import tls
from lab.wire.client import account_request, connect
from lab.wire.service import Service


@dataclass(frozen=True)
class Cost:
    """Seconds for the timeline and for as many bare handshakes, of which there were `handshakes`."""

    handshakes: int
    timeline: float
    bare: float

    @property
    def ratio(self) -> float:
        """How many times as long the timeline takes."""
        return self.timeline / self.bare

    def __str__(self) -> str:
        return (
            f"{self.handshakes} handshakes: {self.timeline:.2f} s in a timeline, {self.bare:.2f} s bare, "
            f"{self.ratio:.2f} times as long"
        )


def cost(name: str = "certificates-100-days") -> Cost:
    """Run the ready timeline `name`, and then as many bare handshakes; certificates are part of the timeline."""
    lived = run(load(name))
    world = World()
    anchors = [one.certificate for one in world.store[:1]]
    with Service(world.genuine) as service:
        began = perf_counter()
        for _ in range(lived.handshakes):
            connect(
                service.address,
                world.host,
                tls.client_context(anchors, world.now),
                lambda observation: observation.path is not None,
                time=world.now,
                request=account_request(world.host),
            )
        bare = perf_counter() - began
    return Cost(lived.handshakes, lived.seconds, bare)
