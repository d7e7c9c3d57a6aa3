"""Which rules are these? Every trace says by which a decision was made.

Raise it with every change of core that can make another answer of the same question: whoever replays a decision of
before is told that the rules are others, and not only that the answer is.
"""

RULES = "2026.11.8"
