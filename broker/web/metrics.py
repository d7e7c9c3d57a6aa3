"""What operators watch (Prometheus). Labels are routes, codes and outcomes: never a person, a path or a token."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from broker.core.passport.health import IssuerReport

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DOORS = {
    "/oauth2": "oauth",
    "/api": "api",
    "/access": "authzen",
    "/authz": "proxies",
    "/ga4gh/drs": "drs",
    "/ga4gh/htsget": "htsget",
    "/data": "data",
    "/audit": "audit",
}
"""By which beginning of its pattern an address belongs to which door; any other belongs to `pages`."""


@cache
def door_of(route: str) -> str:
    """The door of an address, by its pattern: few, so that times can be told apart by them."""
    return next((door for prefix, door in DOORS.items() if route.startswith(f"{prefix}/")), "pages")


def _service_levels(registry: CollectorRegistry) -> dict[str, Counter | Gauge | Histogram]:
    """What the service levels of docs/how-to/see-where-the-time-goes.md are computed from."""
    return {
        "seconds": Histogram(
            "broker_request_seconds", "From the headers of a request to the end of its answer, but for downloads",
            ("door",), buckets=_BUCKETS, registry=registry,
        ),
        "first_byte": Histogram(
            "broker_first_byte_seconds", "From the headers of a download to its first byte, its entry included",
            buckets=_BUCKETS, registry=registry,
        ),
        "record_seconds": Histogram(
            "broker_record_seconds", "Until what was to be recorded was durable", buckets=_BUCKETS, registry=registry
        ),
        "recording": Gauge("broker_recording", "Who waits until something is durable", registry=registry),
        "entries": Gauge("broker_log_entries", "Entries of the log", registry=registry),
        "published": Gauge("broker_log_published_entries", "Entries that a checkpoint covers", registry=registry),
        "unreadable": Counter(
            "broker_unreadable_requests", "Requests that were not HTTP as it must be", ("status",), registry=registry
        ),
        "turned_away": Counter(
            "broker_turned_away_connections", "Connections for which there was no place", registry=registry
        ),
        "lines_left_out": Counter(
            "broker_left_out_log_lines", "Lines that were not logged: too many of a kind", registry=registry
        ),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every metric, on a registry of its own."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    recorded: Counter = field(init=False)
    bytes_sent: Counter = field(init=False)
    streams: Gauge = field(init=False)
    cut: Counter = field(init=False)
    seconds: Histogram = field(init=False)
    first_byte: Histogram = field(init=False)
    record_seconds: Histogram = field(init=False)
    recording: Gauge = field(init=False)
    entries: Gauge = field(init=False)
    published: Gauge = field(init=False)
    unreadable: Counter = field(init=False)
    turned_away: Counter = field(init=False)
    lines_left_out: Counter = field(init=False)

    def __post_init__(self) -> None:
        made = {
            "requests": Counter(
                "broker_requests", "HTTP requests", ("method", "route", "status"), registry=self.registry
            ),
            "recorded": Counter(
                "broker_recorded_entries", "Entries that were recorded, by kind", ("kind",), registry=self.registry
            ),
            "bytes_sent": Counter("broker_sent_bytes", "Bytes of objects handed to the kernel", registry=self.registry),
            "streams": Gauge("broker_running_streams", "Downloads that are running", registry=self.registry),
            "cut": Counter(
                "broker_cut_streams", "Downloads cut because the right to them ended", registry=self.registry
            ),
        } | _service_levels(self.registry)
        for name, metric in made.items():
            object.__setattr__(self, name, metric)


METRICS = Metrics()
"""One process, one set of metrics."""


class _Collected:
    """Families that were counted elsewhere, for one scrape."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def of_issuers(reports: Iterable[IssuerReport]) -> CollectorRegistry:
    """How registered issuers are doing. Labels: their registered names and addresses, states and codes of ours."""
    state = GaugeMetricFamily("broker_issuer_keys", "Keys of an issuer that count now", labels=("iss", "jku", "state"))
    age = GaugeMetricFamily(
        "broker_issuer_keys_age_seconds", "Seconds since an issuer's keys were last had", labels=("iss", "jku")
    )
    refused = CounterMetricFamily(
        "broker_issuer_refused_tokens", "Refused tokens that name a registered issuer", labels=("iss", "code")
    )
    for report in reports:
        for address in report.addresses:
            state.add_metric((report.iss, address.jku, address.state), len(address.keys))
            if address.age is not None:
                age.add_metric((report.iss, address.jku), address.age)
        for one in report.refusals:
            refused.add_metric((report.iss, one.code), one.count)
    registry = CollectorRegistry()
    registry.register(_Collected((state, age, refused)))
    return registry
