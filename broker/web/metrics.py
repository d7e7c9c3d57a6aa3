"""What operators watch (Prometheus). Labels are routes, codes and outcomes: never a person, a path or a token."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge


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
