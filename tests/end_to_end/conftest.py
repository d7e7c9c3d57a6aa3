"""A PostgreSQL server for those that need one."""

from tests.adapters.storage.places import cluster

__all__ = ["cluster"]
