"""Mutations of points by hand, and deliveries of expiry notices."""
