"""Receipts, refunds and what waits for a person, as a client sends and reads them."""
