"""Mutations of rewards, redemptions and holds."""
