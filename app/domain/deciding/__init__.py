"""What terms come to: purchases, rewards, refunds, levels and expiry decided by their clauses."""
