"""What was bought: lines, payments, receipts, and what of them counts."""
