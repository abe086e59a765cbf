"""Balances, ledger entries, lots and liability, as a client reads them."""
