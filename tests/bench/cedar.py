"""A policy of the same kind for Cedar, the policy engine of others (written in Rust): what deciding costs there.

As near to our question as its language allows: the grant, accepted terms, DUO codes, three layers of consent, and
thirteen laws, each with its condition and two comparisons. It gives yes or no: no reasons, no obligations, no
missing facts, no end. Policies and entities are read once beforehand; the request is read each time, as it comes.
"""

import json
from typing import Any

import cedarpy

_LAWS = "\n".join(
    f"""forbid (principal, action, resource)
when {{ resource.regimes.contains("law-{n}") || resource.origins.contains("X{n}") }}
unless {{ principal.country == "DE" || context.evidence.contains("scc.signed") && principal.security >= {n % 4} }};"""
    for n in range(13)
)

_POLICIES = f"""
permit (principal, action == Action::"download", resource)
when {{ principal in resource.grantees && context.at < 2000000000 && principal.terms.contains(resource.terms) }};
forbid (principal, action, resource) when {{ principal.suspended || context.revoked }};
forbid (principal, action, resource)
unless {{ resource.duo.contains("HMB") && context.kinds.contains("hmb") || resource.duo.contains("GRU") }};
forbid (principal, action, resource) when {{ resource.duo.contains("NCU") && context.commercial }};
forbid (principal, action, resource) when {{ resource.duo.contains("NPU") && principal.profit }};
forbid (principal, action, resource) unless {{ resource.participant.contains("GRU") && !context.ai }};
forbid (principal, action, resource) unless {{ resource.family.contains("GRU") }};
forbid (principal, action, resource) unless {{ resource.community.contains("GRU") }};
{_LAWS}
"""

_ENTITIES: list[dict[str, Any]] = [
    {
        "uid": {"type": "User", "id": "ada"},
        "attrs": {"country": "DE", "security": 3, "suspended": False, "profit": False, "terms": ["t1"]},
        "parents": [{"type": "Grant", "id": "grt_1"}],
    },
    {"uid": {"type": "Grant", "id": "grt_1"}, "attrs": {}, "parents": []},
    {
        "uid": {"type": "Dataset", "id": "heart"},
        "attrs": {
            "grantees": {"__entity": {"type": "Grant", "id": "grt_1"}},
            "terms": "t1",
            "duo": ["HMB", "NCU"],
            "participant": ["GRU"],
            "family": ["GRU"],
            "community": ["GRU"],
            "regimes": ["law-1"],
            "origins": ["DE"],
        },
        "parents": [],
    },
]

_REQUEST: dict[str, Any] = {
    "principal": {"type": "User", "id": "ada"},
    "action": {"type": "Action", "id": "download"},
    "resource": {"type": "Dataset", "id": "heart"},
    "context": {
        "at": 1_800_000_000,
        "kinds": ["hmb"],
        "commercial": False,
        "ai": False,
        "revoked": False,
        "evidence": ["scc.signed"],
    },
}


class Cedar:
    """The engine, ready to be asked."""

    def __init__(self) -> None:
        self._policies = cedarpy.PolicySet.from_str(_POLICIES)
        self._entities = cedarpy.Entities.from_json_str(json.dumps(_ENTITIES))

    def ask(self) -> bool:
        return bool(cedarpy.is_authorized(_REQUEST, self._policies, self._entities).allowed)
