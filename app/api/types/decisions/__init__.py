"""Decisions and what each line of a receipt brought, as a client reads them."""
