"""How the shipped face detector is made: composites of synthetic portraits, a permissive teacher, a small network."""
