"""What a request may ask for: the size of its document, its cost, the caller's rate limits, the time it may work."""
