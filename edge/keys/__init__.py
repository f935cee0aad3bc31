"""Keys: the ring that wraps them, and the envelope that seals one face with them."""
