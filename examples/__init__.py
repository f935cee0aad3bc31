"""Runnable examples of the whole way."""
