-- What staff may move by hand in a day with one access key, how old and how large a receipt a till may amend, and whose
-- card it is that a key must not touch. What an amended or moved receipt counts for is kept with its correction.
ALTER TABLE programs ADD COLUMN staff_adjustments INTEGER NOT NULL DEFAULT 5000
    CONSTRAINT programs_staff_adjustments CHECK (staff_adjustments BETWEEN 0 AND 2147483647);
ALTER TABLE programs ADD COLUMN staff_transfers INTEGER NOT NULL DEFAULT 10000
    CONSTRAINT programs_staff_transfers CHECK (staff_transfers BETWEEN 0 AND 2147483647);
ALTER TABLE programs ADD COLUMN amendment_days INTEGER NOT NULL DEFAULT 3
    CONSTRAINT programs_amendment_days CHECK (amendment_days BETWEEN 0 AND 3650);
ALTER TABLE programs ADD COLUMN amendment_amount INTEGER
    CONSTRAINT programs_amendment_amount CHECK (amendment_amount >= 0);

ALTER TABLE receipt_corrections ADD COLUMN counted_points INTEGER NOT NULL DEFAULT 0;
ALTER TABLE receipt_corrections ADD COLUMN counted_stamps INTEGER NOT NULL DEFAULT 0;

CREATE INDEX adjustments_by_actor ON adjustments (program_id, actor, recorded_at);
CREATE INDEX transfers_by_actor ON transfers (program_id, actor, recorded_at);
CREATE INDEX receipt_corrections_by_actor ON receipt_corrections (program_id, actor, recorded_at);
CREATE INDEX reversals_by_actor ON reversals (program_id, actor, recorded_at);

CREATE TABLE key_holders (
    program_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    CONSTRAINT key_holders_pkey PRIMARY KEY (program_id, key_id),
    CONSTRAINT key_holders_key_fkey FOREIGN KEY (program_id, key_id)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT key_holders_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT, WITHOUT ROWID;
CREATE TRIGGER key_holders_no_update BEFORE UPDATE ON key_holders
BEGIN SELECT RAISE(ABORT, 'Rows of key_holders are only ever added.'); END;
CREATE TRIGGER key_holders_no_delete BEFORE DELETE ON key_holders
BEGIN SELECT RAISE(ABORT, 'Rows of key_holders are only ever added.'); END;

-- down

DROP TABLE key_holders;
DROP INDEX adjustments_by_actor;
DROP INDEX transfers_by_actor;
DROP INDEX receipt_corrections_by_actor;
DROP INDEX reversals_by_actor;
ALTER TABLE receipt_corrections DROP COLUMN counted_points;
ALTER TABLE receipt_corrections DROP COLUMN counted_stamps;
ALTER TABLE programs DROP COLUMN staff_adjustments;
ALTER TABLE programs DROP COLUMN staff_transfers;
ALTER TABLE programs DROP COLUMN amendment_days;
ALTER TABLE programs DROP COLUMN amendment_amount;
