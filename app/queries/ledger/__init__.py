"""Reads of the ledger, liability, and the verification of what is stored."""
