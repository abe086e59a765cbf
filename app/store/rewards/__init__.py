"""Tables of rewards, redemptions and what they paid."""
