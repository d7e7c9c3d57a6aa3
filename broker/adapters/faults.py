"""What happens at a named place of failure (ports/faults.py): `POINT=raise`, `POINT=exit` or `POINT=SECONDS`."""

import os
import time
from collections.abc import Callable, Sequence

import structlog

from broker.ports.faults import arm

EXIT_STATUS = 9
"""Of a process that was made to end: told apart from every other end."""

log = structlog.get_logger(__name__)


class PlannedFaultError(Exception):
    """Nothing is wrong: a test wanted this."""


def armed(plans: Sequence[str]) -> Callable[[str], None]:
    """What to do at each place. Each plan is carried out once, `exit` at the first time that its place is reached."""
    left = dict(plan.split("=", 1) for plan in plans)

    def act(point: str) -> None:
        how = left.pop(point, None)
        if how is None:
            return
        log.warning("fault", point=point, how=how)
        if how == "exit":
            os._exit(EXIT_STATUS)
        if how == "raise":
            raise PlannedFaultError(point)
        time.sleep(float(how))

    return act


def arm_all(plans: Sequence[str]) -> None:
    """Carry out `plans` in this process, and no others."""
    if plans:
        log.warning("faults.armed", plans=list(plans))
    arm(armed(plans))
