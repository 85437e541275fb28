"""How fast the cohorts are: device-days a second, for `make bench`. It judges nothing."""

from __future__ import annotations

import time

from lab.built.fleet.count import Shipped
from lab.built.fleet.run import Fleet, run

SIZES = (10**5, 10**6, 10**7)


def device_days_a_second(devices: int, years: int = 5, seeds: int = 3) -> float:
    """
    Device-days that one client's fleet covers in a second of wall clock.

    The measured verdicts are made beforehand and are not timed.
    """
    choices = (Shipped("leaf-or-backup"),)
    run(Fleet(devices=1, years=1, seeds=1), choices)
    fleet = Fleet(devices=devices, years=years, seeds=seeds)
    began = time.perf_counter()
    run(fleet, choices)
    return fleet.device_days * seeds / (time.perf_counter() - began)
