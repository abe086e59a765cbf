"""The limits on a request: the size of its document, its cost, the caller's rate limits, and the time that it may work."""
