"""What replaced faces are worth, measured on pictures of known people: privacy, what is kept, and what gives a fake away."""
