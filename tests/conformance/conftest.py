"""A database for each test."""

from tests.adapters.storage.places import cluster, new_database, place, postgres_database, shared_place

__all__ = ["cluster", "new_database", "place", "postgres_database", "shared_place"]
