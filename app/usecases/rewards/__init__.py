"""Commands on rewards, redemptions and holds."""
