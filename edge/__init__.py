"""The edge: an async proxy that shows each viewer exactly the faces that viewer may see."""
