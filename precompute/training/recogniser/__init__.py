"""The recipe of the two recognisers: shots of the booth -> embeddings like those of a teacher each, from unlike networks."""
