"""How much our own models agree with those that they were taught by, a module per role."""
