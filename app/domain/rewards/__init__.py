"""Rewards and what became of them: redemptions, reversals, payments."""
