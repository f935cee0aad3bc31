"""The recipe of the face model: portraits of synthetic people -> textures, shapes, components, readouts, in that order."""
