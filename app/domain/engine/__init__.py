"""The rule engine: decisions on purchases, rewards, refunds, tiers and expiry by the clauses of the terms."""
