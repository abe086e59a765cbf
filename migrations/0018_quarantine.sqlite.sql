-- Receipts of a till whose clock cannot be right are kept as they were sent until a person settles them. Only what became
-- of one may change, once. A refund that waits for its purchase can be dismissed by a person, too.
ALTER TABLE programs ADD COLUMN receipt_age_days INTEGER NOT NULL DEFAULT 30
    CONSTRAINT programs_receipt_age_days CHECK (receipt_age_days BETWEEN 1 AND 36500);

ALTER TABLE pending_refunds ADD COLUMN settled_at TEXT CHECK (settled_at GLOB '????-??-?? ??:??:??.??????+00:00');
ALTER TABLE pending_refunds ADD COLUMN settled_by TEXT;
ALTER TABLE pending_refunds ADD COLUMN settled_because TEXT;

CREATE TABLE quarantined_receipts (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT,
    fingerprint TEXT NOT NULL,
    customer_id TEXT,
    skew TEXT NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    actor TEXT,
    sent TEXT NOT NULL CHECK (json_valid(sent)),
    state TEXT NOT NULL DEFAULT 'WAITING',
    settled_at TEXT CHECK (settled_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    settled_by TEXT,
    settled_because TEXT,
    booked_for TEXT CHECK (booked_for GLOB '????-??-?? ??:??:??.??????+00:00'),
    purchase_id TEXT,
    refund_id TEXT,
    pending_refund_id TEXT,
    CONSTRAINT quarantined_receipts_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT quarantined_receipts_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_settled_by_fkey FOREIGN KEY (program_id, settled_by)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_refund_fkey FOREIGN KEY (program_id, refund_id)
        REFERENCES refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_waiting_fkey FOREIGN KEY (program_id, pending_refund_id)
        REFERENCES pending_refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_number_key UNIQUE (program_id, number),
    CONSTRAINT quarantined_receipts_kind CHECK (kind IN ('PURCHASE', 'REFUND', 'EXCHANGE')),
    CONSTRAINT quarantined_receipts_state CHECK ((state = 'WAITING') = (settled_at IS NULL))
) STRICT;
CREATE INDEX quarantined_receipts_by_receipt ON quarantined_receipts (program_id, external_id);
CREATE INDEX quarantined_receipts_by_state ON quarantined_receipts (program_id, state, number);
CREATE INDEX quarantined_receipts_by_customer ON quarantined_receipts (program_id, customer_id);
CREATE TRIGGER quarantined_receipts_no_update BEFORE
    UPDATE OF program_id, id, number, kind, source, external_id, fingerprint, customer_id, skew, occurred_at, recorded_at, actor, sent
    ON quarantined_receipts
BEGIN SELECT RAISE(ABORT, 'Rows of quarantined_receipts are only ever added.'); END;
CREATE TRIGGER quarantined_receipts_no_delete BEFORE DELETE ON quarantined_receipts
BEGIN SELECT RAISE(ABORT, 'Rows of quarantined_receipts are only ever added.'); END;

CREATE TABLE quarantine_evidence (
    program_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    CONSTRAINT quarantine_evidence_pkey PRIMARY KEY (program_id),
    CONSTRAINT quarantine_evidence_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT;

-- down

DROP TABLE quarantine_evidence;
DROP TABLE quarantined_receipts;
ALTER TABLE pending_refunds DROP COLUMN settled_because;
ALTER TABLE pending_refunds DROP COLUMN settled_by;
ALTER TABLE pending_refunds DROP COLUMN settled_at;
ALTER TABLE programs DROP COLUMN receipt_age_days;
