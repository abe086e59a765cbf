"""Purchases, refunds and pending refunds, as a client sends and reads them."""
