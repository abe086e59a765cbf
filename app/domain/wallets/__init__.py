"""Wallets: what their facts come to in the order in which they happened, whatever the order in which they arrived."""
