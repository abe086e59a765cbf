"""What moves points: purchases, refunds, rewards, reservations, and what staff do by hand."""
