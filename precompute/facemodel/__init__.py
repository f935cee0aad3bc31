"""Faces of nobody, sampled from textures and shapes in one reference mesh; ``precompute.training.facemodel`` made the weights."""
