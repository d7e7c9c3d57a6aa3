"""The revisions. Each is frozen once released: it names tables itself and reads nothing from schema.py."""
