"""What the registry holds about one reason code."""

from dataclasses import dataclass
from typing import Literal

Interest = Literal["person", "people", "state", "contract", "system"]
"""Whose interest the rule behind the code protects."""

Appeal = Literal["facts", "merits", "none"]
"""What can be challenged: only the facts, the judgement too, or (mandatory rules) the facts alone."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One code and its sentence for each of the three people whom a decision touches.

    Braces in a sentence are slots for registered facts; nothing else is ever filled in.
    """

    code: str
    interest: Interest
    appeal: Appeal
    researcher: str
    dac: str
    subject: str
