"""Tables of receipts: purchases, refunds, exchanges, corrections and quarantine."""
