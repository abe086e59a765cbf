"""Customers, tiers and notices, as a client reads them."""
