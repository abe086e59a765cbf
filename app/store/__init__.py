"""The tables: the only code that uses SQL or the ORM. It stores and finds, and makes no decisions."""
