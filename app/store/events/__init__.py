"""The event history of accounts as it is read from the tables, and its replay."""
