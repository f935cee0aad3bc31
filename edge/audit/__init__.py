"""The audit log: who changed what access, and which reveals were seen; append-only, hash-chained, under pseudonyms."""
