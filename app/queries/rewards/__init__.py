"""Reads of rewards as a customer can have them."""
