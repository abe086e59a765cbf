"""Tables of accounts, ledger entries, lots, transfers and expiry notices."""
