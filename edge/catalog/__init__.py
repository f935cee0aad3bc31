"""The catalog: what is published, who is on it, who may see it, and every wrapped key; in SQLite or PostgreSQL."""

from edge.catalog.records import Face
from edge.catalog.records import Photo
from edge.catalog.store import Catalog

__all__ = ["Catalog", "Face", "Photo"]
