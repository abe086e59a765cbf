"""Ledger entries, lots and liability as values."""
