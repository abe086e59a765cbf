"""Reads of customers, their wallets, tiers and notices."""
