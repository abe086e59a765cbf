"""Tables of programs, locations and access keys."""
