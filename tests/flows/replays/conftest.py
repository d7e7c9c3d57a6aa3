"""A database for each test."""

from tests.adapters.storage.places import new_database, place

__all__ = ["new_database", "place"]
