"""Commands that move points by hand, and what every command books."""
