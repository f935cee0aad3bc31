"""Recipes that make the weights we ship, from pictures of nobody; run by hand, never by the upload job."""
