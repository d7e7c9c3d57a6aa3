"""What does `/ga4gh/drs/v1/service-info` say? (GA4GH Service Info 1.0.0 with what DRS 1.5.0 adds)"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

VERSION = "1.5.0"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs the service. `url`: of the organisation; `contact`: a URL, `mailto:` included.

    `environment`: `prod`, `test`, or what else operators call theirs.
    """

    name: str = "Operator of this broker"
    url: str | None = None
    contact: str | None = None
    environment: str | None = None


def service_id(base_url: str, artifact: str) -> str:
    """A reversed domain name with `artifact` at its end: `example.broker.drs` for https://broker.example."""
    host = urlsplit(base_url).hostname or ""
    return ".".join([*reversed(re.findall(r"[^.:]+", host)), artifact])


def service_info(
    *, base_url: str, version: str, operator: Operator, max_bulk: int, object_count: int, total_size: int
) -> dict[str, Any]:
    """The JSON of the service at `base_url`, as a registry would list it too.

    `max_bulk` (at least 1) is stated twice: at the root, where it is deprecated and required, and under
    `drs`, where 2.0 will have it alone. `total_size` is in bytes. ValueError for a limit below 1.
    """
    if max_bulk < 1:
        raise ValueError("maxBulkRequestLength is at least 1")
    members = {
        "id": service_id(base_url, "drs"),
        "name": "GA4GH access broker: Data Repository Service",
        "type": {"group": "org.ga4gh", "artifact": "drs", "version": VERSION},
        "description": "Genomic data that is given out under grants, consents and law, with a record of every byte.",
        "organization": {"name": operator.name, "url": operator.url or base_url},
        "contactUrl": operator.contact,
        "documentationUrl": "https://ga4gh.github.io/data-repository-service-schemas/",
        "environment": operator.environment,
        "version": version,
        "maxBulkRequestLength": max_bulk,
        "drs": {
            "maxBulkRequestLength": max_bulk,
            "objectCount": object_count,
            "totalObjectSize": total_size,
        },
    }
    return {member: value for member, value in members.items() if value is not None}
