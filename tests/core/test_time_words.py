"""What is no time is told so, in words for people."""

import pytest

from broker.core.time import parse_rfc3339


@pytest.mark.parametrize("text", ["now", "tomorrow!!", "2026-13-01"])
def test_what_is_no_time_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a date or an instant like 2026-11-21"):
        parse_rfc3339(text)
