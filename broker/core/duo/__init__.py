"""Does a purpose fit the Data Use Ontology codes of a dataset? Start with `match.py`, then the two tables."""
