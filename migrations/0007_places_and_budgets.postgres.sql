-- Places where purchases are made, items that clauses count, and what was given of clauses' budgets.
CREATE TABLE locations (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    zone text NOT NULL,
    address text,
    created_at timestamptz NOT NULL,
    CONSTRAINT locations_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT locations_number_key UNIQUE (program_id, number),
    CONSTRAINT locations_key_key UNIQUE (program_id, key),
    CONSTRAINT locations_name_key UNIQUE (program_id, name),
    CONSTRAINT locations_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT locations_number CHECK (number >= 1)
);

CREATE TABLE clause_items (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    clause text NOT NULL,
    items bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT clause_items_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT clause_items_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT clause_items_items CHECK (items >= 1)
);
CREATE INDEX clause_items_of_customer ON clause_items (program_id, customer_id, occurred_at);

CREATE TABLE clause_budgets (
    program_id uuid NOT NULL,
    clause text NOT NULL,
    spent bigint NOT NULL,
    CONSTRAINT clause_budgets_pkey PRIMARY KEY (program_id, clause),
    CONSTRAINT clause_budgets_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT clause_budgets_spent CHECK (spent >= 0)
) WITH (fillfactor = 80);

CREATE TRIGGER clause_items_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON clause_items
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- down

DROP TABLE clause_budgets;
DROP TABLE clause_items;
DROP TABLE locations;
