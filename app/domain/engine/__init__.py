"""What terms come to: purchases, rewards, refunds, tiers and expiry decided by their clauses."""
