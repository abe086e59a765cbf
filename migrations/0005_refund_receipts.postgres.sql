-- What a refund said when it was sent, so that its number sent again with something else is not taken for the same.
ALTER TABLE refunds ADD COLUMN fingerprint text NOT NULL DEFAULT '';

-- down

ALTER TABLE refunds DROP COLUMN fingerprint;
