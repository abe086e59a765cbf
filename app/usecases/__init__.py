"""Commands: one per file, one transaction each."""
