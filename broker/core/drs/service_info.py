"""What does `/ga4gh/drs/v1/service-info` say? (GA4GH Service Info 1.0.0 with what DRS 1.5.0 adds)"""

from dataclasses import dataclass
from typing import Any

from broker.core.time import Seconds, rfc3339

VERSION = "1.5.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who runs the service. `url`: of the organisation; `contact`: a URL, `mailto:` included."""

    name: str
    url: str
    contact: str | None = None


def service_info(
    *,
    service_id: str,
    name: str,
    version: str,
    operator: Operator,
    max_bulk: int,
    object_count: int,
    total_size: int,
    description: str | None = None,
    documentation: str | None = None,
    environment: str | None = None,
    created: Seconds | None = None,
    updated: Seconds | None = None,
) -> dict[str, Any]:
    """The JSON. `service_id` is a reversed domain name, for example `org.example.broker.drs`.

    `max_bulk` (at least 1) is stated twice: at the root, where it is deprecated and required, and under
    `drs`, where 2.0 will have it alone. `total_size` is in bytes. ValueError for a limit below 1.
    """
    if max_bulk < 1:
        raise ValueError("maxBulkRequestLength is at least 1")
    members = {
        "id": service_id,
        "name": name,
        "type": {"group": "org.ga4gh", "artifact": "drs", "version": VERSION},
        "description": description,
        "organization": {"name": operator.name, "url": operator.url},
        "contactUrl": operator.contact,
        "documentationUrl": documentation,
        "createdAt": None if created is None else rfc3339(created),
        "updatedAt": None if updated is None else rfc3339(updated),
        "environment": environment,
        "version": version,
        "maxBulkRequestLength": max_bulk,
        "drs": {
            "maxBulkRequestLength": max_bulk,
            "objectCount": object_count,
            "totalObjectSize": total_size,
        },
    }
    return {member: value for member, value in members.items() if value is not None}
