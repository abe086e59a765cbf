"""Booking of purchases, refunds and exchanges, once it is known that they are new."""
