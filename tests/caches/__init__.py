"""The edge between a real origin and real shared caches."""
