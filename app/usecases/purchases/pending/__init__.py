"""Refunds and exchanges that arrive before their purchase."""
