"""How a decision is told: what may be said to whom, what else would pass, what would help, what can be done against it.

`decision/explain.py` puts the parts together. Nothing here is written beside the evaluation: every sentence belongs
to a reason that a gate gave, and every promise was evaluated (EXPLAIN sections 2 to 7; rulings 10 to 13).
"""
