"""On which kinds of form were the consents of a dataset given? Counted as consents come, so that nobody counts again.

A version counts from when it is known until the next one takes its place; in whatever order they come.
"""

from typing import Any

from immutables import Map

from broker.core.breadth import Form, form_of
from broker.core.ids import DatasetId
from broker.core.rows import ConsentRow, Row

_NONE: Map[Any, Any] = Map()
Table = Map[tuple[str, str], Row]
Forms = Map[DatasetId, Map[Form, int]]


def counted(forms: Forms, before: Table, after: Table, row: ConsentRow) -> Forms:
    """The forms of the datasets with this version, and without the one that it takes the place of."""
    consent = row.consent
    for id in (row.id, f"{consent.consent_id}/{consent.version - 1}"):
        for table, step in ((before, -1), (after, 1)):
            found = table.get((ConsentRow.KIND, id))
            form = _form(table, found) if isinstance(found, ConsentRow) else None
            if form is not None and isinstance(found, ConsentRow):
                for dataset in found.datasets:
                    forms = _step(forms, dataset, form, step)
    return forms


def _form(table: Table, row: ConsentRow) -> Form | None:
    """The form of a version that holds: the next one has not taken its place, or does so only at a later date."""
    consent = row.consent
    next_ = table.get((ConsentRow.KIND, f"{consent.consent_id}/{consent.version + 1}"))
    if isinstance(next_, ConsentRow) and next_.consent.effective_from <= next_.consent.known_from:
        return None
    return form_of(consent)


def _step(forms: Forms, dataset: DatasetId, form: Form, step: int) -> Forms:
    of: Map[Form, int] = forms.get(dataset, _NONE)
    count = of.get(form, 0) + step
    return forms.set(dataset, of.set(form, count) if count > 0 else of.delete(form))
