-- A receipt is known by its source, its number and, as its program had set, the location and the day that the number was
-- given within: numbered_at and numbered_on, '' where numbers are the whole program's or for ever. An order that was
-- cancelled and completed again has the same number with another completion. Refund numbers and checkouts likewise.
CREATE TABLE purchases_rebuilt (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    currency TEXT NOT NULL,
    total INTEGER NOT NULL,
    earned INTEGER NOT NULL,
    terms_version INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    facts TEXT NOT NULL CHECK (json_valid(facts)),
    moved_by TEXT,
    location_id TEXT,
    numbered_at TEXT NOT NULL DEFAULT '',
    numbered_on TEXT NOT NULL DEFAULT '',
    completion INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT purchases_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT purchases_receipt_key UNIQUE (program_id, source, external_id, numbered_at, numbered_on, completion),
    CONSTRAINT purchases_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_terms_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_location_fkey FOREIGN KEY (program_id, location_id)
        REFERENCES locations (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_earned CHECK (earned >= 0),
    CONSTRAINT purchases_completion CHECK (completion >= 1)
) STRICT;
INSERT INTO purchases_rebuilt (program_id, id, customer_id, source, external_id, occurred_at, recorded_at, currency,
    total, earned, terms_version, fingerprint, facts, moved_by)
SELECT program_id, id, customer_id, source, external_id, occurred_at, recorded_at, currency,
    total, earned, terms_version, fingerprint, facts, moved_by FROM purchases;
DROP TABLE purchases;
ALTER TABLE purchases_rebuilt RENAME TO purchases;
CREATE INDEX purchases_of_customer ON purchases (program_id, customer_id, occurred_at);
CREATE TRIGGER purchases_no_update BEFORE
    UPDATE OF program_id, id, source, external_id, occurred_at, recorded_at, currency, terms_version, fingerprint,
        location_id, numbered_at, numbered_on, completion
    ON purchases
BEGIN SELECT RAISE(ABORT, 'Rows of purchases are only ever added.'); END;
CREATE TRIGGER purchases_no_delete BEFORE DELETE ON purchases
BEGIN SELECT RAISE(ABORT, 'Rows of purchases are only ever added.'); END;

ALTER TABLE refunds ADD COLUMN numbered_at TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN numbered_on TEXT NOT NULL DEFAULT '';
DROP INDEX refunds_external_id_key;
CREATE UNIQUE INDEX refunds_external_id_key ON refunds (program_id, external_id, numbered_at, numbered_on)
    WHERE external_id IS NOT NULL;

ALTER TABLE pending_refunds ADD COLUMN numbered_at TEXT NOT NULL DEFAULT '';
ALTER TABLE pending_refunds ADD COLUMN numbered_on TEXT NOT NULL DEFAULT '';
DROP INDEX waiting_refunds_number_key;
CREATE UNIQUE INDEX waiting_refunds_number_key ON pending_refunds (program_id, external_id, numbered_at, numbered_on)
    WHERE external_id IS NOT NULL;

ALTER TABLE redemptions ADD COLUMN numbered_at TEXT NOT NULL DEFAULT '';
ALTER TABLE redemptions ADD COLUMN numbered_on TEXT NOT NULL DEFAULT '';
DROP INDEX redemptions_checkout_key;
CREATE UNIQUE INDEX redemptions_checkout_key ON redemptions (program_id, checkout, numbered_at, numbered_on)
    WHERE checkout IS NOT NULL;

-- down

DROP INDEX redemptions_checkout_key;
CREATE UNIQUE INDEX redemptions_checkout_key ON redemptions (program_id, checkout) WHERE checkout IS NOT NULL;
ALTER TABLE redemptions DROP COLUMN numbered_on;
ALTER TABLE redemptions DROP COLUMN numbered_at;

DROP INDEX waiting_refunds_number_key;
CREATE UNIQUE INDEX waiting_refunds_number_key ON pending_refunds (program_id, external_id) WHERE external_id IS NOT NULL;
ALTER TABLE pending_refunds DROP COLUMN numbered_on;
ALTER TABLE pending_refunds DROP COLUMN numbered_at;

DROP INDEX refunds_external_id_key;
CREATE UNIQUE INDEX refunds_external_id_key ON refunds (program_id, external_id) WHERE external_id IS NOT NULL;
ALTER TABLE refunds DROP COLUMN numbered_on;
ALTER TABLE refunds DROP COLUMN numbered_at;

CREATE TABLE purchases_rebuilt (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    currency TEXT NOT NULL,
    total INTEGER NOT NULL,
    earned INTEGER NOT NULL,
    terms_version INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    facts TEXT NOT NULL CHECK (json_valid(facts)),
    moved_by TEXT,
    CONSTRAINT purchases_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT purchases_receipt_key UNIQUE (program_id, source, external_id),
    CONSTRAINT purchases_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_terms_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_earned CHECK (earned >= 0)
) STRICT;
INSERT INTO purchases_rebuilt
SELECT program_id, id, customer_id, source, external_id, occurred_at, recorded_at, currency,
    total, earned, terms_version, fingerprint, facts, moved_by FROM purchases;
DROP TABLE purchases;
ALTER TABLE purchases_rebuilt RENAME TO purchases;
CREATE INDEX purchases_of_customer ON purchases (program_id, customer_id, occurred_at);
CREATE TRIGGER purchases_no_update BEFORE
    UPDATE OF program_id, id, source, external_id, occurred_at, recorded_at, currency, terms_version, fingerprint
    ON purchases
BEGIN SELECT RAISE(ABORT, 'Rows of purchases are only ever added.'); END;
CREATE TRIGGER purchases_no_delete BEFORE DELETE ON purchases
BEGIN SELECT RAISE(ABORT, 'Rows of purchases are only ever added.'); END;
