"""Catalogue files: what is declared in YAML, checked against the published schema, as rows."""

from broker.adapters.catalogue.files import CatalogueError, Declared, read_catalogue
from broker.adapters.catalogue.models import Catalogue

__all__ = ["Catalogue", "CatalogueError", "Declared", "read_catalogue"]
