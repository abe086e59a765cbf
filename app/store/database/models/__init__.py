"""Every table as a model: what is stored, by concept. The tables themselves are made by the files in ``migrations/``.

The ORM reads and writes what no till waits for; the rest of the store is SQL. A model knows one column as its key; in the
database the key of every table but ``programs`` begins with ``program_id``. So rows are created and found through models,
always with ``program_id`` in the filter, and never saved or deleted by key alone. References to other rows are plain ids,
because the ORM has no keys of several columns.
"""
