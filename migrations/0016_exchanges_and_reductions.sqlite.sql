-- What purchases no longer count for in later decisions: nothing of them is kept that makes a visit, and points that were
-- really taken back of what they earned. The birthday, by its calendar year, for which a clause was used. And which
-- purchase was handed out for the goods of which refund.
CREATE TABLE purchase_reductions (
    program_id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    no_visit INTEGER NOT NULL,
    points INTEGER NOT NULL,
    CONSTRAINT purchase_reductions_pkey PRIMARY KEY (program_id, purchase_id),
    CONSTRAINT purchase_reductions_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchase_reductions_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchase_reductions_reduced CHECK (no_visit IN (0, 1) AND points >= 0 AND (no_visit = 1 OR points > 0))
) STRICT;
CREATE INDEX purchase_reductions_of_customer ON purchase_reductions (program_id, customer_id, occurred_at);

ALTER TABLE clause_uses ADD COLUMN birthday_year INTEGER;

CREATE TABLE exchanges (
    program_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    CONSTRAINT exchanges_pkey PRIMARY KEY (program_id, refund_id),
    CONSTRAINT exchanges_purchase_key UNIQUE (program_id, purchase_id),
    CONSTRAINT exchanges_refund_fkey FOREIGN KEY (program_id, refund_id)
        REFERENCES refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT exchanges_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT;
CREATE TRIGGER exchanges_no_update BEFORE UPDATE ON exchanges
BEGIN SELECT RAISE(ABORT, 'Rows of exchanges are only ever added.'); END;
CREATE TRIGGER exchanges_no_delete BEFORE DELETE ON exchanges
BEGIN SELECT RAISE(ABORT, 'Rows of exchanges are only ever added.'); END;

-- down

DROP TABLE exchanges;
ALTER TABLE clause_uses DROP COLUMN birthday_year;
DROP TABLE purchase_reductions;
