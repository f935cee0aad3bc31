"""The catalog's schema, step by step; `edge.catalog.schema` runs what is missing."""
