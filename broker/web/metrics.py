"""What operators watch (Prometheus). Labels are routes, codes and outcomes: never a person, a path or a token."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from broker.core.passport.health import IssuerReport


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every metric, on a registry of its own."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    decisions: Counter = field(init=False)
    bytes_sent: Counter = field(init=False)
    streams: Gauge = field(init=False)
    cut: Counter = field(init=False)

    def __post_init__(self) -> None:
        made = {
            "requests": Counter(
                "broker_requests", "HTTP requests", ("method", "route", "status"), registry=self.registry
            ),
            "decisions": Counter(
                "broker_decisions",
                "Decisions by door and outcome",
                ("door", "outcome"),
                registry=self.registry,
            ),
            "bytes_sent": Counter("broker_sent_bytes", "Bytes of objects handed to the kernel", registry=self.registry),
            "streams": Gauge("broker_running_streams", "Downloads that are running", registry=self.registry),
            "cut": Counter(
                "broker_cut_streams", "Downloads cut because the right to them ended", registry=self.registry
            ),
        }
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
