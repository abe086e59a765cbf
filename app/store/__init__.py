"""The tables: the only code that uses SQL or the ORM. It reads and writes, and decides nothing."""
