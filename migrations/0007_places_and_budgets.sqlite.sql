-- Places where purchases are made, items that clauses count, and what was given of clauses' budgets.
CREATE TABLE locations (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    number INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    address TEXT,
    created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT locations_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT locations_number_key UNIQUE (program_id, number),
    CONSTRAINT locations_key_key UNIQUE (program_id, key),
    CONSTRAINT locations_name_key UNIQUE (program_id, name),
    CONSTRAINT locations_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT locations_number CHECK (number >= 1)
) STRICT;

CREATE TABLE clause_items (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    clause TEXT NOT NULL,
    items INTEGER NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT clause_items_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT clause_items_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT clause_items_items CHECK (items >= 1)
) STRICT, WITHOUT ROWID;
CREATE INDEX clause_items_of_customer ON clause_items (program_id, customer_id, occurred_at);

CREATE TABLE clause_budgets (
    program_id TEXT NOT NULL,
    clause TEXT NOT NULL,
    spent INTEGER NOT NULL,
    CONSTRAINT clause_budgets_pkey PRIMARY KEY (program_id, clause),
    CONSTRAINT clause_budgets_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT clause_budgets_spent CHECK (spent >= 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER clause_items_no_update BEFORE UPDATE ON clause_items
BEGIN SELECT RAISE(ABORT, 'Rows of clause_items are only ever added.'); END;
CREATE TRIGGER clause_items_no_delete BEFORE DELETE ON clause_items
BEGIN SELECT RAISE(ABORT, 'Rows of clause_items are only ever added.'); END;

-- down

DROP TABLE clause_budgets;
DROP TABLE clause_items;
DROP TABLE locations;
