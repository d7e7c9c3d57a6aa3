"""One row at a time, in the form that a catalogue file has: for commands and for the API (ports.Forms)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from broker.adapters.catalogue import models, rows
from broker.adapters.catalogue.form import Part
from broker.core.plain import plain
from broker.core.rows import Client, IdentityProvider, Row, VisaIssuer
from broker.core.time import rfc3339
from broker.ports import FormError

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class _Form:
    """A part, what makes a row of it, and how members are called that have another name in the row."""

    part: type[Part]
    make: Callable[[Any], Row]
    names: Mapping[str, str]
    secret: str | None = None


FORMS: Mapping[type[Row], _Form] = {
    VisaIssuer: _Form(
        models.VisaIssuerPart,
        rows.visa_issuer,
        {"issuer": "id", "max_lifetime_seconds": "max_lifetime", "max_asserted_age_seconds": "max_asserted_age"},
        "gather_key",
    ),
    Client: _Form(models.ClientPart, rows.client, {}, "secret_sha256"),
    IdentityProvider: _Form(models.IdentityProviderPart, rows.identity_provider, {"issuer": "id"}, "client_secret"),
}
"""The kinds that are administered one by one."""


_INSTANTS = frozenset({"keys_until"})
"""Members that people write as an instant (RFC 3339)."""


class CatalogueForms:
    """A ports.Forms."""

    def read(self, kind: type[R], said: Mapping[str, Any], *, secret: str | None = None) -> R:
        """The row, by the very code that reads catalogue files."""
        form = FORMS[kind]
        given = dict(said)
        if form.secret is not None and secret is not None and given.get(form.secret) is None:
            given[form.secret] = secret
        try:
            part = form.part.model_validate(given)
        except ValidationError as wrong:
            errors = wrong.errors(include_input=False, include_url=False)[:20]
            faults = [(".".join(map(str, error["loc"])) or "body", error["msg"]) for error in errors]
            raise FormError(faults) from None
        try:
            return cast("R", form.make(part))
        except ValueError as wrong:
            field, colon, problem = str(wrong).partition(": ")
            raise FormError([(field, problem) if colon else ("body", str(wrong))]) from None

    def schema(self, kind: type[Row]) -> dict[str, Any]:
        """The JSON Schema of the part, its definitions under `$defs`."""
        return FORMS[kind].part.model_json_schema(ref_template="#/components/schemas/{model}")

    def write(self, row: Row) -> dict[str, Any]:
        """Every member of the form that the row has, secrets left out."""
        form = FORMS[type(row)]
        said: dict[str, Any] = {}
        for name in form.part.model_fields:
            if name == form.secret:
                continue
            value = plain(_member(row, form.names.get(name, name)))
            if name in _INSTANTS and value is not None:
                value = rfc3339(value)
            if value is not None:
                said[name] = value
        return said


def _member(row: Row, name: str) -> Any:
    """A member of the row, or of its trust row."""
    holder = row.trust if isinstance(row, VisaIssuer) and not hasattr(row, name) else row
    return getattr(holder, name)
