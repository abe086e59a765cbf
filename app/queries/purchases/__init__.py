"""Reads of receipts, refund previews and quarantine."""
