"""Commands on receipts: purchases, refunds, exchanges, corrections and quarantine."""
