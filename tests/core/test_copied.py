"""A quick copy is what `dataclasses.replace` makes, and refuses what it may not copy."""

from dataclasses import fields, replace

import pytest

from broker.core.copied import copied
from broker.core.outcome import Reason
from tests import builders as b


@pytest.mark.parametrize("value", [b.PURPOSE, b.question(), b.dataset()])
def test_a_copy_is_what_replace_makes(value: object) -> None:
    for field in fields(value):  # type: ignore[arg-type]
        assert copied(value, **{field.name: None}) == replace(value, **{field.name: None})  # type: ignore[type-var]
    assert copied(value) == value


def test_the_original_stays_as_it_was() -> None:
    copied(b.PURPOSE, project="other")
    assert b.PURPOSE.project == "p1"


def test_what_checks_itself_is_not_copied_unchecked() -> None:
    with pytest.raises(TypeError):
        copied(Reason(code="AUTH-TERMS"), code="NO-SUCH-CODE")


def test_a_member_that_is_none_of_it_is_refused() -> None:
    with pytest.raises(TypeError):
        copied(b.PURPOSE, projekt="p2")
