"""What is in a wallet, where it came from, and what time will bring to it."""
