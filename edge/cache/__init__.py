"""Caches of what is public or sealed already; nothing decrypted is ever stored by this package."""
