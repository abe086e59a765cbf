"""The tables: the only code that knows SQL or the ORM; it keeps and finds, and never decides."""
