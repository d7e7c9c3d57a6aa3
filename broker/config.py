"""Settings, read once at start, checked, frozen. Nothing else reads the environment or a settings file.

A TOML file (`--config FILE`, else `broker.toml` here if there is one), over it `BROKER_<NAME>` variables.
docs/reference/settings.md is generated from the docstrings below.
"""

import os
import tomllib
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from broker.core.drs.identifiers import names_a_host
from broker.core.drs.service_info import Operator
from broker.core.rows.retention import LEAST_DAYS, Keeping
from broker.ports.faults import POINTS

PREFIX = "BROKER_"
_HERE = Path(__file__).resolve().parent.parent
_LISTS = ("PACKS", "TRUSTED_PROXIES", "WITNESSES", "WEBHOOKS", "FAULTS", "METRICS_FROM")
_LOOPBACK = ("127.0.0.1", "::1")
"""As numbers: what a name leads to, somebody else may decide (RFC 8252 section 8.3)."""


class SettingsError(Exception):
    """The settings cannot be used; the message names the setting and where it was read."""


def shared_folder(name: Literal["config", "schemas"]) -> Path:
    """Where the shipped `config` or `schemas` folder is: beside the package, or in the installed share."""
    import sys  # noqa: PLC0415 (only an installed copy needs to know its prefix)

    beside = _HERE / name
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "ga4gh-access-broker" / name


class Settings(BaseModel):
    """Every setting. A setting that the list below does not name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    issuer: str
    """Public URL of this broker without a final slash; `iss` of every token. https, except on loopback. Its host is a
    name or an IPv4 address: `drs://` addresses cannot hold another one."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8080, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    state: Path = Path("state")
    """Folder of the database, its lock and the keys. Trusted: whoever can write here can mint grants."""
    database_url: str | None = Field(default=None, pattern=r"^postgres(ql)?://[^\s]+$", repr=False)
    """PostgreSQL 15 or newer (`postgresql://user@host/name`); by default SQLite in the state
    folder. Trusted: whoever can write there can mint grants."""
    head_url: str | None = Field(default=None, pattern=r"^postgres(ql)?://[^\s]+$", repr=False)
    """Another PostgreSQL database for the head of the log, best on another server: what a restored copy is held
    against. By default a schema of its own beside the tables."""
    key_passphrase_file: Path | None = None
    """File with the passphrase of the private keys, mode 0600; by default `passphrase` in the state folder."""
    pkcs11_module: Path | None = None
    """Library of a PKCS#11 token, on which keys may be kept (needs the extra `pkcs11`). Trusted: it runs in this
    process."""
    pkcs11_token: str | None = None
    """Label of the token."""
    pkcs11_pin_file: Path | None = None
    """File with the user PIN of the token, mode 0600."""
    key_service: str | None = None
    """Address of the transit engine of an OpenBao or Vault server, at which keys may be kept, as
    `https://bao.example/v1/transit`. Trusted: whoever runs it signs as we do."""
    key_service_token_file: Path | None = None
    """File with our token there, mode 0600; read each time, for something else renews it."""
    policies: Path | None = None
    """Folder of policy packs until others are put in force, by command or page; by default the shipped examples. A
    pack with an error stops the start."""
    packs: tuple[str, ...] = ()
    """Ids of the packs in force, of those in the folder; by default all of them."""
    ontology: Path = Path("mondo-demo.obo")
    """Disease ontology (OBO or obographs JSON). A relative path is looked up in the shipped config/ontology.
    Its closure is kept in the state folder."""
    mode: Literal["production", "example"] = "production"
    """`production` refuses policy packs that nobody has reviewed; `example` stamps every decision as an example."""
    consultation_days: int | None = Field(default=None, ge=0, le=366)
    """For how many days at least people are asked about a policy pack before it is put in force from a page or by the
    API; 0: they need not be. By default 14 in production, and 0 for examples."""
    seat_percent: int = Field(default=10, ge=1, le=100)
    """Above how many of a hundred people in the holdings those of one country of origin, or of one community, want a
    seat in the committees that decide about their data."""
    dpop_nonce: Literal["off", "required"] = "off"
    """`required`: every DPoP proof needs a nonce of ours, so that none can be made in advance (RFC 9449)."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged."""
    drain_seconds: int = Field(default=30, ge=0, le=3600)
    """How long running downloads may go on after SIGTERM."""
    require_par: bool = False
    """Take authorization requests only if their client pushed them first (RFC 9126)."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks of the proxies whose `X-Forwarded-For` counts. Trusted: they say from which address a caller comes."""
    metrics_from: tuple[str, ...] = ()
    """Networks from which `/metrics` may be read, besides this machine; never through a proxy."""
    quota_scale: int = Field(default=1, ge=0, le=1000)
    """Multiplies how often one address and one client may ask; 0: as often as they like."""
    registration: Literal["off", "initial_access_token"] = "off"
    """May programs register themselves (RFC 7591)? `initial_access_token`: those that were given that token."""
    registration_token_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """SHA-256, hexadecimal, of the initial access token. Trusted: whoever holds the token can register any client."""
    repository_credentials: Path | None = None
    """Folder of the credentials of remote repositories: `NAME.json`, mode 0600. Trusted: its reader has the data."""
    nginx_location: str | None = Field(default=None, pattern=r"^(/[A-Za-z0-9._-]+)+$")
    """Location of nginx, marked `internal`, under which it has the folders of repositories, each under its id."""
    nginx_log: Path | None = None
    """Where nginx writes what it sent from there. Trusted: its writer says how much left."""
    drs_servers: Path | None = None
    """File of the DRS servers to which `drs://` addresses may lead; by default the shipped one, which names nobody.
    Trusted: whoever writes it says which servers people's tools ask."""
    application_form: Path | None = None
    """File of the questions that applications answer; by default the shipped one. Trusted: its writer says what is
    asked of everybody who applies. What was handed in stays as it was asked."""
    attachment_scanner: Path | None = None
    """Program that looks at each file that somebody attaches to an application: it reads the file from standard input,
    and exits with 0 if it found nothing, with 1 if the file is harmful; then, and where it cannot look, the file is
    not taken. By default nothing looks, and pages say so. Trusted: it reads what applicants attach."""
    income_groups: Path | None = None
    """File of the income groups of countries, for the public figures of fairness; by default the shipped list, which
    nobody has compared with its source. Trusted: its writer says who counts as disadvantaged."""
    rights: Path | None = None
    """File of what the law of each place gives people about their data, for the page that tells them; by default the
    shipped example, which no lawyer has read. Trusted: its writer tells people what they may do."""
    witnesses: tuple[str, ...] = ()
    """Who signs the log's checkpoints besides us (c2sp.org/tlog-witness): `KEY URL` each, the key as `name+id+key`."""
    mail_server: str | None = Field(default=None, pattern=r"^[^\s:]+:[0-9]{1,5}$|^\[[0-9a-f:]+\]:[0-9]{1,5}$")
    """`HOST:PORT` of the mail server that takes letters. By default there are none: people read what happened here.
    Trusted: it reads to whom letters go, and nothing of what they are about."""
    mail_tls: Literal["starttls", "tls", "loopback"] = "starttls"
    """How it is spoken to: `starttls` (port 587), `tls` from the first byte (465), in the clear on `loopback` alone."""
    mail_from: str | None = Field(default=None, pattern=r"^[^\s@<>]+@[^\s@<>]+$")
    """The address from which letters come."""
    mail_user: str | None = None
    """By which name we sign in at the mail server, if it wants one."""
    mail_password_file: Path | None = None
    """File with the password for `mail_user`, mode 0600."""
    webhooks: tuple[str, ...] = ()
    """Who is told by Standard Webhooks what happens: `NAME URL` each, or `NAME URL TOPIC,TOPIC`. Ids alone are sent."""
    webhook_secrets: Path | None = None
    """Folder with a file NAME for each webhook, mode 0600: `whsec_` and 24 to 64 random bytes in base64. Trusted: its
    reader can speak to those listeners in our name."""
    keep_sign_ins_days: int = Field(default=90, ge=0, le=36_500)
    """For how many days sign-ins that are over are kept, with their tokens; 0: as long as the broker is, else 7 or
    more. docs/reference/retention.md has every table."""
    keep_uses_days: int = Field(default=3650, ge=0, le=36_500)
    """The same for what was decided and delivered, beyond its entries in the log; 0, or 365 or more."""
    keep_messages_days: int = Field(default=180, ge=0, le=36_500)
    """The same for what people were told of; 0, or 120 or more."""
    keep_results_days: int = Field(default=365, ge=0, le=36_500)
    """The same for findings about participants that were closed or handed to a clinic; 0, or 60 or more."""
    organization: str = "Operator of this broker"
    """Who runs this broker, as its service-info says."""
    organization_url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")
    """Web address of the organization; by default that of the broker."""
    contact: str | None = Field(default=None, pattern=r"^(https?://|mailto:)[^\s]+$")
    """Where users of the broker find help: a web address, or `mailto:` and one."""
    environment: str | None = None
    """What kind of installation this is, for example `prod` or `test`."""
    traces: bool = False
    """Tell a collector how long requests and their parts take (OpenTelemetry; needs the extra `traces`). Where it is,
    `OTEL_EXPORTER_OTLP_ENDPOINT` and the standard's other variables say. Trusted: it learns when what was asked."""
    tls_cert: Path | None = None
    """Certificate chain (PEM), to serve https without a proxy."""
    tls_key: Path | None = None
    """Private key of `tls_cert` (PEM)."""
    faults: tuple[Annotated[str, Field(pattern=r"^[a-z.]+=(raise|exit|[0-9]{1,2}(\.[0-9]+)?)$")], ...] = ()
    """For tests of failures: what happens once at named places, as `ledger.committed=exit`. Refused in production."""

    @model_validator(mode="after")
    def _is_kept_long_enough(self) -> Self:
        for sort, least in LEAST_DAYS.items():
            days = getattr(self, f"keep_{sort}_days")
            if 0 < days < least:
                raise ValueError(f"keep_{sort}_days: 0, or {least} or more")
        return self

    @model_validator(mode="after")
    def _issuer_is_usable(self) -> Self:
        parts = urlsplit(self.issuer)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("issuer: a URL without query and fragment is needed")
        if self.issuer.endswith("/"):
            raise ValueError("issuer: without a final slash")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError("issuer: plain http is allowed on loopback only")
        if not names_a_host(self.issuer):
            raise ValueError("issuer: drs:// addresses need a host name or an IPv4 address; they cannot hold IPv6")
        _assert_networks("trusted_proxies", self.trusted_proxies)
        _assert_networks("metrics_from", self.metrics_from)
        if (self.registration == "off") != (self.registration_token_sha256 is None):
            raise ValueError("registration: initial_access_token and registration_token_sha256 come together")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key come together")
        if self.head_url is not None and self.database_url is None:
            raise ValueError("head_url goes with database_url")
        if (self.nginx_location is None) != (self.nginx_log is None):
            raise ValueError("nginx_location and nginx_log come together")
        return self

    @model_validator(mode="after")
    def _key_places_are_whole(self) -> Self:
        token = (self.pkcs11_module, self.pkcs11_token, self.pkcs11_pin_file)
        if any(token) != all(token):
            raise ValueError("pkcs11_module, pkcs11_token and pkcs11_pin_file come together")
        if (self.key_service is None) != (self.key_service_token_file is None):
            raise ValueError("key_service and key_service_token_file come together")
        parts = urlsplit(self.key_service or "https://none")
        if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _LOOPBACK):
            raise ValueError("key_service: https is needed, but for this machine")
        if not parts.hostname or parts.query or parts.fragment or parts.username or parts.path.endswith("/"):
            raise ValueError("key_service: a URL without query, fragment, name and final slash is needed")
        return self

    @model_validator(mode="after")
    def _mail_is_private(self) -> Self:
        if (self.mail_server is None) != (self.mail_from is None):
            raise ValueError("mail_server and mail_from come together")
        host = (self.mail_server or "").rpartition(":")[0].strip("[]")
        if self.mail_server is not None and self.mail_tls == "loopback" and host not in _LOOPBACK:
            raise ValueError("mail_tls: letters leave this machine over TLS only")
        if (self.mail_user is None) != (self.mail_password_file is None):
            raise ValueError("mail_user and mail_password_file come together")
        return self

    @model_validator(mode="after")
    def _faults_are_for_tests(self) -> Self:
        if self.faults and self.mode == "production":
            raise ValueError("faults: a broker in production does not fail on purpose")
        if unknown := {plan.partition("=")[0] for plan in self.faults} - POINTS.keys():
            raise ValueError(f"faults: no such place: {', '.join(sorted(unknown))}")
        return self

    @property
    def operator(self) -> Operator:
        """Who runs this broker, for service-info."""
        return Operator(self.organization, self.organization_url, self.contact, self.environment)

    @property
    def store(self) -> Path | str:
        """Where the rows and the log are: a file, or the URL of a server."""
        return self.database_url or self.database

    @property
    def database(self) -> Path:
        return self.state / "broker.sqlite"

    @property
    def lock_database(self) -> Path:
        """The head of the log, kept apart so that a restored database cannot fork it."""
        return self.state / "audit-lock.sqlite"

    @property
    def keys(self) -> Path:
        return self.state / "keys"

    @property
    def passphrase_file(self) -> Path:
        return self.key_passphrase_file or self.state / "passphrase"

    @property
    def keeping(self) -> Keeping:
        """How long what is dropped is kept before."""
        return Keeping(
            sign_ins=self.keep_sign_ins_days, uses=self.keep_uses_days, messages=self.keep_messages_days,
            results=self.keep_results_days,
        )  # fmt: skip

    @property
    def activated_policies(self) -> Path:
        """Where the sets of policy packs are that were activated."""
        return self.state / "policies"

    @property
    def first_policies(self) -> Path:
        """The packs that hold until others are activated."""
        return self.policies or shared_folder("config") / "policies"

    @property
    def ontologies(self) -> Path:
        """Closures of the ontologies that were read here, a file each; made again when they are missing."""
        return self.state / "ontologies"

    @property
    def text_folder(self) -> Path:
        """Translations of the reasons."""
        return shared_folder("config") / "texts"

    @property
    def drs_servers_file(self) -> Path:
        return self.drs_servers or shared_folder("config") / "drs-servers.yaml"

    @property
    def application_form_file(self) -> Path:
        return self.application_form or shared_folder("config") / "forms" / "application.yaml"

    @property
    def asked_for_days(self) -> int:
        """For how many days people are asked about other rules: nobody lives by examples."""
        return self.consultation_days if self.consultation_days is not None else 14 if self.mode == "production" else 0

    @property
    def income_groups_file(self) -> Path:
        return self.income_groups or shared_folder("config") / "income-groups.yaml"

    @property
    def rights_file(self) -> Path:
        return self.rights or shared_folder("config") / "rights.yaml"

    @property
    def ontology_file(self) -> Path:
        return shared_folder("config") / "ontology" / self.ontology


def read_settings(file: Path | None, **overrides: Any) -> Settings:
    """The settings from `file` (or ./broker.toml), the environment and `overrides`, the later ones winning.

    SettingsError names every setting that is unknown, missing or wrong, and where it came from.
    """
    given: dict[str, Any] = {}
    path = file or (Path("broker.toml") if Path("broker.toml").is_file() else None)
    if path is not None:
        given |= _toml(path)
    for name, value in os.environ.items():
        if name.startswith(PREFIX):
            given[name.removeprefix(PREFIX).lower()] = _listed(name, value)
    given |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate(given)
    except ValidationError as wrong:
        where = path or "no broker.toml here, and the environment"
        raise SettingsError(f"{where}: " + "; ".join(map(_fault, wrong.errors()))) from None


def _fault(error: ErrorDetails) -> str:
    """One fault of the settings. One that is missing says where it can be set."""
    name = ".".join(map(str, error["loc"])) or "settings"
    if error["type"] == "missing":
        return f"{name}: not set; write it into broker.toml (or the file of --config), or set {PREFIX}{name.upper()}"
    return f"{name}: {error['msg']}"


def _assert_networks(name: str, said: Iterable[str]) -> None:
    """ValueError that names the setting, and does not repeat what stands there."""
    for number, one in enumerate(said, 1):
        try:
            ip_network(one)
        except ValueError:
            raise ValueError(f"{name}: number {number} is no network, such as 10.0.0.0/8 or fd00::/8") from None


def _listed(name: str, value: str) -> str | list[str]:
    """`BROKER_PACKS=core-baseline,eu-gdpr-ch5`: settings that are lists."""
    return value.split(",") if name.removeprefix(PREFIX) in _LISTS else value


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as failure:
        raise SettingsError(f"{path}: {failure.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise SettingsError(f"{path}: {failure}") from None
