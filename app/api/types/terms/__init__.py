"""Terms, clauses and their changes, as a client reads and drafts them."""
