"""Tables of customers, their profiles, tiers, wallets and mergers."""
