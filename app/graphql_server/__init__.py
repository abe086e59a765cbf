"""The service itself: from a request over HTTP to its answer, and what an operation may cost."""
