"""The databases: connections, sessions, transactions, migrations and the ORM."""
