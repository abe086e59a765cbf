"""What the server does beside requests; what takes the processor for long has a process of its own."""
