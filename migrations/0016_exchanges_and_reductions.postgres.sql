-- What purchases no longer count for in later decisions: nothing of them is kept that makes a visit, and points that were
-- really taken back of what they earned. The birthday, by its calendar year, for which a clause was used. And which
-- purchase was handed out for the goods of which refund.
CREATE TABLE purchase_reductions (
    program_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    no_visit bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT purchase_reductions_pkey PRIMARY KEY (program_id, purchase_id),
    CONSTRAINT purchase_reductions_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchase_reductions_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchase_reductions_reduced CHECK (no_visit IN (0, 1) AND points >= 0 AND (no_visit = 1 OR points > 0))
);
CREATE INDEX purchase_reductions_of_customer ON purchase_reductions (program_id, customer_id, occurred_at);

ALTER TABLE clause_uses ADD COLUMN birthday_year bigint;

CREATE TABLE exchanges (
    program_id uuid NOT NULL,
    refund_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    CONSTRAINT exchanges_pkey PRIMARY KEY (program_id, refund_id),
    CONSTRAINT exchanges_purchase_key UNIQUE (program_id, purchase_id),
    CONSTRAINT exchanges_refund_fkey FOREIGN KEY (program_id, refund_id)
        REFERENCES refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT exchanges_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE TRIGGER exchanges_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON exchanges
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- down

DROP TABLE exchanges;
ALTER TABLE clause_uses DROP COLUMN birthday_year;
DROP TABLE purchase_reductions;
