"""Rewards and what they cost a customer, as a client reads them."""
