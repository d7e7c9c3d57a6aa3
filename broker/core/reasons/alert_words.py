"""The words of the page of unusual uses. As page_words.py."""

from collections.abc import Mapping
from types import MappingProxyType

ALERT_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "page.alerts": "Unusual uses",
        "alert.lead": "More left under a grant than the data allow, or from elsewhere than was approved. It need not be wrong: look, ask, and say what it was.",
        "alert.none": "Nothing unusual was noticed.",
        "alert.bytes_a_day": "More bytes in a day than the data allow.",
        "alert.bytes_in_all": "More bytes in all than the data allow.",
        "alert.times_in_all": "Several times as many bytes as the data hold.",
        "alert.downloads_a_day": "More downloads in a day than the data allow.",
        "alert.pieces_a_day": "More parts asked for in a day than the data allow: perhaps by a program, one small region after another.",
        "alert.countries_a_day": "From more countries within a day than the data allow.",
        "alert.elsewhere": "From a country that the approved purpose does not name:",
        "alert.figures": "Found: {found}. Limit: {limit}.",
        "alert.noticed": "Noticed on",
        "alert.held": "The grant rests until somebody resumes it.",
        "alert.grant": "To the grant: ask, suspend or resume",
        "alert.was": "What it was, as somebody said on",
        "alert.ground": "What it was",
        "alert.close": "Close it",
        "alert.more": "If data were misused, report it:",
    }
)
