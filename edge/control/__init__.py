"""Control: what people, uploaders and the network's backend may change about who sees which face."""
