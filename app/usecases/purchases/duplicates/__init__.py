"""Receipts, refunds and exchanges sent again under another idempotency key: what is known of them, and their earlier results."""
