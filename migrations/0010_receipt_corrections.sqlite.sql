-- Receipts that were recorded wrongly can be set right: a purchase has its goods, payments and customer as they are known
-- now, and what stood before is kept here. Only those columns of a purchase may change.
ALTER TABLE purchases ADD COLUMN moved_by TEXT;
DROP TRIGGER purchases_no_update;
CREATE TRIGGER purchases_no_update BEFORE
    UPDATE OF program_id, id, source, external_id, occurred_at, recorded_at, currency, terms_version, fingerprint
    ON purchases
BEGIN SELECT RAISE(ABORT, 'Rows of purchases are only ever added.'); END;

CREATE TABLE receipt_corrections (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    to_customer_id TEXT NOT NULL,
    total INTEGER NOT NULL,
    earned INTEGER NOT NULL,
    moved_by TEXT,
    facts TEXT NOT NULL CHECK (json_valid(facts)),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    reason TEXT NOT NULL,
    actor TEXT,
    CONSTRAINT receipt_corrections_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT receipt_corrections_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT receipt_corrections_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT receipt_corrections_to_fkey FOREIGN KEY (program_id, to_customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT receipt_corrections_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT;
CREATE INDEX receipt_corrections_of_purchase ON receipt_corrections (program_id, purchase_id);
CREATE INDEX receipt_corrections_from ON receipt_corrections (program_id, customer_id);
CREATE INDEX receipt_corrections_to ON receipt_corrections (program_id, to_customer_id);
CREATE TRIGGER receipt_corrections_no_update BEFORE UPDATE ON receipt_corrections
BEGIN SELECT RAISE(ABORT, 'Rows of receipt_corrections are only ever added.'); END;
CREATE TRIGGER receipt_corrections_no_delete BEFORE DELETE ON receipt_corrections
BEGIN SELECT RAISE(ABORT, 'Rows of receipt_corrections are only ever added.'); END;

-- down

DROP TABLE receipt_corrections;
DROP TRIGGER purchases_no_update;
CREATE TRIGGER purchases_no_update BEFORE UPDATE ON purchases
BEGIN SELECT RAISE(ABORT, 'Rows of purchases are only ever added.'); END;
ALTER TABLE purchases DROP COLUMN moved_by;
