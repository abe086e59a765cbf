"""Verification of ledgers and stored state against the recorded events."""
