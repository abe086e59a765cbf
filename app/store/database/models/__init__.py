"""A model for each table, by concept. The tables themselves are created by the files in ``migrations/``.

The ORM reads and writes rows that no till waits for; the rest of the store is SQL. A model has one column as its key, but
in the database the key of every table except ``programs`` begins with ``program_id``. So rows are created and found through
models only with ``program_id``, and never saved or deleted by the model's key alone. References to other rows are plain
ids, because the ORM has no keys of several columns.
"""
