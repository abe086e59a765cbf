"""Receipts, refunds and exchanges sent again under another idempotency key: their earlier results."""
