-- A receipt is known by its source, its number and, as its program had set, the location and the day that the number was
-- given within: numbered_at and numbered_on, '' where numbers are the whole program's or for ever. An order that was
-- cancelled and completed again has the same number with another completion. Refund numbers and checkouts likewise.
ALTER TABLE purchases ADD COLUMN location_id uuid;
ALTER TABLE purchases ADD COLUMN numbered_at text NOT NULL DEFAULT '';
ALTER TABLE purchases ADD COLUMN numbered_on text NOT NULL DEFAULT '';
ALTER TABLE purchases ADD COLUMN completion bigint NOT NULL DEFAULT 1;
ALTER TABLE purchases ADD CONSTRAINT purchases_completion CHECK (completion >= 1);
ALTER TABLE purchases ADD CONSTRAINT purchases_location_fkey FOREIGN KEY (program_id, location_id)
    REFERENCES locations (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT;
ALTER TABLE purchases DROP CONSTRAINT purchases_receipt_key;
ALTER TABLE purchases ADD CONSTRAINT purchases_receipt_key
    UNIQUE (program_id, source, external_id, numbered_at, numbered_on, completion);
DROP TRIGGER purchases_never_changed ON purchases;
CREATE TRIGGER purchases_never_changed BEFORE
    UPDATE OF program_id, id, source, external_id, occurred_at, recorded_at, currency, terms_version, fingerprint,
        location_id, numbered_at, numbered_on, completion
    OR DELETE OR TRUNCATE ON purchases
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

ALTER TABLE refunds ADD COLUMN numbered_at text NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN numbered_on text NOT NULL DEFAULT '';
DROP INDEX refunds_external_id_key;
CREATE UNIQUE INDEX refunds_external_id_key ON refunds (program_id, external_id, numbered_at, numbered_on)
    WHERE external_id IS NOT NULL;

ALTER TABLE pending_refunds ADD COLUMN numbered_at text NOT NULL DEFAULT '';
ALTER TABLE pending_refunds ADD COLUMN numbered_on text NOT NULL DEFAULT '';
DROP INDEX waiting_refunds_number_key;
CREATE UNIQUE INDEX waiting_refunds_number_key ON pending_refunds (program_id, external_id, numbered_at, numbered_on)
    WHERE external_id IS NOT NULL;

ALTER TABLE redemptions ADD COLUMN numbered_at text NOT NULL DEFAULT '';
ALTER TABLE redemptions ADD COLUMN numbered_on text NOT NULL DEFAULT '';
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

DROP TRIGGER purchases_never_changed ON purchases;
ALTER TABLE purchases DROP CONSTRAINT purchases_receipt_key;
ALTER TABLE purchases DROP CONSTRAINT purchases_location_fkey;
ALTER TABLE purchases DROP COLUMN completion;
ALTER TABLE purchases DROP COLUMN numbered_on;
ALTER TABLE purchases DROP COLUMN numbered_at;
ALTER TABLE purchases DROP COLUMN location_id;
ALTER TABLE purchases ADD CONSTRAINT purchases_receipt_key UNIQUE (program_id, source, external_id);
CREATE TRIGGER purchases_never_changed BEFORE
    UPDATE OF program_id, id, source, external_id, occurred_at, recorded_at, currency, terms_version, fingerprint
    OR DELETE OR TRUNCATE ON purchases
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
