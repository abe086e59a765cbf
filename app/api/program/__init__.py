"""A program as it stands: its terms and what they decide, its rewards, places, clock and debts."""
