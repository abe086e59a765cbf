-- Receipts of a till whose clock cannot be right are kept as they were sent until a person settles them. Only what became
-- of one may change, once. A refund that waits for its purchase can be dismissed by a person, too.
ALTER TABLE programs ADD COLUMN receipt_age_days bigint NOT NULL DEFAULT 30
    CONSTRAINT programs_receipt_age_days CHECK (receipt_age_days BETWEEN 1 AND 36500);

ALTER TABLE pending_refunds ADD COLUMN settled_at timestamptz;
ALTER TABLE pending_refunds ADD COLUMN settled_by uuid;
ALTER TABLE pending_refunds ADD COLUMN settled_because text;

CREATE TABLE quarantined_receipts (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    external_id text,
    fingerprint text NOT NULL,
    customer_id uuid,
    skew text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor uuid,
    sent json NOT NULL,
    state text NOT NULL DEFAULT 'WAITING',
    settled_at timestamptz,
    settled_by uuid,
    settled_because text,
    booked_for timestamptz,
    purchase_id uuid,
    refund_id uuid,
    pending_refund_id uuid,
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
);
CREATE INDEX quarantined_receipts_by_receipt ON quarantined_receipts (program_id, external_id);
CREATE INDEX quarantined_receipts_by_state ON quarantined_receipts (program_id, state, number);
CREATE INDEX quarantined_receipts_by_customer ON quarantined_receipts (program_id, customer_id);
CREATE TRIGGER quarantined_receipts_never_changed BEFORE
    UPDATE OF program_id, id, number, kind, source, external_id, fingerprint, customer_id, skew, occurred_at, recorded_at, actor, sent
    OR DELETE OR TRUNCATE ON quarantined_receipts
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

CREATE TABLE quarantine_evidence (
    program_id uuid NOT NULL,
    number bigint NOT NULL,
    evidence text NOT NULL,
    CONSTRAINT quarantine_evidence_pkey PRIMARY KEY (program_id),
    CONSTRAINT quarantine_evidence_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT
);

-- down

DROP TABLE quarantine_evidence;
DROP TABLE quarantined_receipts;
ALTER TABLE pending_refunds DROP COLUMN settled_because;
ALTER TABLE pending_refunds DROP COLUMN settled_by;
ALTER TABLE pending_refunds DROP COLUMN settled_at;
ALTER TABLE programs DROP COLUMN receipt_age_days;
