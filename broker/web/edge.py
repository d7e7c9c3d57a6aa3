"""Who is at the other end, how slowly may they speak, and how often may they ask? (RFC 9110 15.5.9, RFC 6585 4)

An address that a header claims counts only if a configured proxy wrote it (RFC 7239 section 8.1): read from the
right, up to the first address that is none of our proxies. Nothing else of a forwarded header is ever believed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from types import MappingProxyType

from aiohttp import web

from broker.core.quota import Rates
from broker.ports import Clock
from broker.web.errors import Problem

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

FORWARDED = "X-Forwarded-For"
FORWARDS = (FORWARDED, "Forwarded", "X-Real-IP", "Via")
"""Headers by which a proxy says that it asks for somebody else."""
_HOUSEHOLD = 64
"""Bits of a v6 address that one household or office has: it is one caller."""
_MOST_HOPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds for each thing that a client can do slowly, and how many clients there may be."""

    header: float = 15.0
    """From the first byte of a request to the end of its headers."""
    body: float = 30.0
    """From the headers to the last byte of the body."""
    idle: float = 75.0
    """Between requests, and before the first one."""
    lingering: float = 5.0
    """For what a client still sends of a body that nobody wants."""
    unread: float = 120.0
    """For which a client may leave what it was sent unread: then the kernel ends the connection."""
    connections: int = 4_096
    """Beyond which the connection that has been idle longest makes room; if none is idle, the new one goes."""


class Room:
    """Bytes of request bodies that have begun and not ended, of all connections together: what stalls costs memory."""

    MOST = 64 * 1024 * 1024
    FREE = 16 * 1024
    """Of each body, which always have a place."""

    def __init__(self) -> None:
        self.used = 0

    def take(self, count: int) -> None:
        """Problem 503 if there is no room for `count` more."""
        if self.used + count > self.MOST:
            raise Problem("SRV-BUSY")
        self.used += count

    def give(self, count: int) -> None:
        """Back what was taken."""
        self.used -= count


QUOTA_OF: Mapping[tuple[str, str], str] = MappingProxyType({
    ("POST", "/oauth2/token"): "token",
    ("POST", "/oauth2/revoke"): "token",
    ("POST", "/oauth2/introspect"): "introspection",
    ("POST", "/oauth2/par"): "pushed request",
    ("POST", "/oauth2/register"): "registration",
    ("POST", "/oauth2/device_authorization"): "device",
    ("POST", "/device"): "device",
    ("GET", "/oauth2/authorize"): "authorization",
    ("POST", "/oauth2/authorize"): "authorization",
    ("GET", "/oauth2/authorize/continue"): "authorization",
    ("POST", "/oauth2/authorize/continue"): "authorization",
    ("GET", "/oauth2/end_session"): "authorization",
    ("POST", "/oauth2/end_session"): "authorization",
    ("POST", "/api/v1/pre-checks"): "pre-check",
    ("POST", "/api/v1/complaints"): "complaint",
    ("POST", "/complain"): "complaint",
    ("GET", "/sign-in/{idp}"): "sign-in",
    ("GET", "/sign-in/{idp}/callback"): "sign-in",
})  # fmt: skip
"""Which quota (core/quota.py) an address of ours has, by method and pattern; any other has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What app.py says about the network. `proxies`: whose word about a caller's address counts."""

    pace: Pace = Pace()
    room: Room = field(default_factory=Room)
    rates: Rates = field(default_factory=Rates)
    proxies: tuple[Network, ...] = ()
    watchers: tuple[Network, ...] = ()
    """Who may read the metrics, besides this machine."""
    files: str = ""
    """Where such a proxy has the folders of repositories, so that it can send files by itself."""


EDGE = web.AppKey("edge", Edge)


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The networks that these texts name (`10.0.0.1`, `10.0.0.0/8`). ValueError for one that names none."""
    return tuple(ip_network(text) for text in texts)


def caller_of(peer: str | None, forwarded: Sequence[str], proxies: Sequence[Network]) -> str | None:
    """By which name the caller's requests are counted: their v4 address, or the network of their v6 address.

    `peer`: the other end of the connection. `forwarded`: the values of `X-Forwarded-For`. None: this machine or a
    proxy of ours asks for itself, or nobody can say who asks; then no address is counted.
    """
    here = _address(peer or "")
    claims = [claim.strip() for value in forwarded for claim in value.split(",")][-_MOST_HOPS:]
    while here is not None and claims and _is_ours(here, proxies):
        here = _address(claims.pop())
    if here is None or here.is_loopback or _is_ours(here, proxies):
        return None
    return str(here) if here.version == 4 else str(ip_network(f"{here}/{_HOUSEHOLD}", strict=False))  # noqa: PLR2004


def is_proxy(peer: str | None, proxies: Sequence[Network]) -> bool:
    """Is the other end of the connection a proxy of ours?"""
    here = _address(peer or "")
    return here is not None and _is_ours(here, proxies)


def may_watch(peer: str | None, watchers: Sequence[Network], *, forwarded: bool) -> bool:
    """May the other end of the connection read the metrics? `forwarded`: it asks for somebody else, so it may not."""
    here = _address(peer or "")
    return here is not None and not forwarded and (here.is_loopback or _is_ours(here, watchers))


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _is_ours(address: Address, proxies: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in proxies)


def admit(request: web.Request, route: str, clock: Clock) -> None:
    """Problem 429 with Retry-After if this caller asks for this too often."""
    what = QUOTA_OF.get((request.method, route))
    if what is None:
        return
    edge = request.app[EDGE]
    who = caller_of(request.remote, request.headers.getall(FORWARDED, ()), edge.proxies)
    wait = 0 if who is None else edge.rates.wait(what, who, clock.now())
    if wait:
        problem = Problem("REQ-TOO-OFTEN", seconds=str(wait))
        problem.headers["Retry-After"] = str(wait)
        raise problem
