-- An exchange that comes before its purchase waits for it, as a refund does: with the number of the receipt of what is
-- handed out, and the customer who says to have bought, if it says so. What a purchase could not take says why.
ALTER TABLE pending_refunds ADD COLUMN bought_number TEXT;
ALTER TABLE pending_refunds ADD COLUMN customer_id TEXT;
ALTER TABLE pending_refunds ADD COLUMN refused_with TEXT;
CREATE INDEX waiting_refunds_by_bought_number ON pending_refunds (program_id, bought_number) WHERE bought_number IS NOT NULL;

-- down

DROP INDEX waiting_refunds_by_bought_number;
ALTER TABLE pending_refunds DROP COLUMN refused_with;
ALTER TABLE pending_refunds DROP COLUMN customer_id;
ALTER TABLE pending_refunds DROP COLUMN bought_number;
