"""Whole cases of a decision, drawn by their types: a world in which all fits, with a few things of known gates turned.

A case is a plain document:

    at, stage (foresee, approve, use), way        when, at which stage, in which way of access
    who, trusted, affiliation, location, visas    the person, and what was verified of them
    purpose, stated, named                        what the request says; a use may name a grant and state a project
    dataset, samples, stored_sealed, asked_sealed which data, whose, in which form
    organisation                                  the registry's row of the person's institution, or None
    grants, foreign_profile, findings             what was approved; `findings` of a request, those of a use are in the grant
    consents, communities                         records by participant and by community
    sanctions, revoked, duties                    conduct

Everything hangs on the `Random` that is passed in.
"""

from random import Random

from tests.differential.drawing import Row, _one
from tests.differential.fitting import fitting
from tests.differential.turning import TURNS


def decision(draw: Random) -> Row:
    """One case."""
    case = fitting(draw)
    for _ in range(_one(draw, (20, 0), (45, 1), (20, 2), (15, 3))):
        gate = _one(draw, *((1 if name == "identity" else 3, name) for name in TURNS))
        draw.choice(TURNS[gate])(draw, case)
    for version in (one for versions in case["consents"].values() for one in versions):
        version["recorded_at"] = "2025-01-01"  # what is to begin later is on record already
    if case["organisation"] is None:  # a sanction is taken against whom the registry knows
        case["sanctions"] = [one for one in case["sanctions"] if one["kind"] == "person"]
    if case["stage"] != "use":
        case["samples"] = None
    else:
        case["purpose"] = case["purpose"] if case["dataset"]["access"] == "open" else None
    return case
