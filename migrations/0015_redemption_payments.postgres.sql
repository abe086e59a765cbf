-- What a redemption paid: one purchase, once. A row goes only where a receipt that was recorded wrongly no longer names it.
CREATE TABLE redemption_payments (
    program_id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    CONSTRAINT redemption_payments_pkey PRIMARY KEY (program_id, redemption_id),
    CONSTRAINT redemption_payments_redemption_fkey FOREIGN KEY (program_id, redemption_id)
        REFERENCES redemptions (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemption_payments_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX redemption_payments_of_purchase ON redemption_payments (program_id, purchase_id);

-- Where several purchases name a redemption, it paid the one that was recorded first.
INSERT INTO redemption_payments (program_id, redemption_id, purchase_id)
SELECT DISTINCT ON (p.program_id, paid.value ->> 2) p.program_id, (paid.value ->> 2)::uuid, p.id
FROM purchases p CROSS JOIN LATERAL json_array_elements(p.facts -> 'payments') paid
WHERE json_array_length(paid.value) > 2
ORDER BY p.program_id, paid.value ->> 2, p.id;

-- Who handed over what was redeemed, and when: a till undoes its own latest redemption for some minutes.
ALTER TABLE redemptions ADD COLUMN fulfilled_at timestamptz;
ALTER TABLE redemptions ADD COLUMN fulfilled_by uuid;
CREATE INDEX redemptions_fulfilled_by ON redemptions (program_id, fulfilled_by, fulfilled_at)
    WHERE fulfilled_by IS NOT NULL;

-- down

DROP INDEX redemptions_fulfilled_by;
ALTER TABLE redemptions DROP COLUMN fulfilled_by;
ALTER TABLE redemptions DROP COLUMN fulfilled_at;
DROP TABLE redemption_payments;
