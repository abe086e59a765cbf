"""Mutations of receipts: purchases, refunds, exchanges and their corrections."""
