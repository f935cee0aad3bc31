"""JPEG as coefficients: reading an upload's, making a picture's, and writing both as restart intervals (ITU-T T.81)."""
