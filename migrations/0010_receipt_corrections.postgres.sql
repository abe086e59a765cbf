-- Receipts that were recorded wrongly can be set right: a purchase has its goods, payments and customer as they are known
-- now, and what stood before is kept here. Only those columns of a purchase may change.
ALTER TABLE purchases ADD COLUMN moved_by uuid;
DROP TRIGGER purchases_never_changed ON purchases;
CREATE TRIGGER purchases_never_changed BEFORE
    UPDATE OF program_id, id, source, external_id, occurred_at, recorded_at, currency, terms_version, fingerprint
    OR DELETE OR TRUNCATE ON purchases
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

CREATE TABLE receipt_corrections (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    to_customer_id uuid NOT NULL,
    total bigint NOT NULL,
    earned bigint NOT NULL,
    moved_by uuid,
    facts json NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason text NOT NULL,
    actor uuid,
    CONSTRAINT receipt_corrections_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT receipt_corrections_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT receipt_corrections_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT receipt_corrections_to_fkey FOREIGN KEY (program_id, to_customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT receipt_corrections_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX receipt_corrections_of_purchase ON receipt_corrections (program_id, purchase_id);
CREATE INDEX receipt_corrections_from ON receipt_corrections (program_id, customer_id);
CREATE INDEX receipt_corrections_to ON receipt_corrections (program_id, to_customer_id);
CREATE TRIGGER receipt_corrections_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_corrections
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- down

DROP TABLE receipt_corrections;
DROP TRIGGER purchases_never_changed ON purchases;
CREATE TRIGGER purchases_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON purchases
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
ALTER TABLE purchases DROP COLUMN moved_by;
