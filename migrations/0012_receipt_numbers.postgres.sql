-- How a program tells receipts apart, and when its day of business begins (local time).
ALTER TABLE programs ADD COLUMN receipt_numbers text NOT NULL DEFAULT 'UNIQUE'
    CONSTRAINT programs_receipt_numbers CHECK (receipt_numbers IN ('UNIQUE', 'PER_LOCATION', 'PER_DAY', 'PER_LOCATION_AND_DAY'));
ALTER TABLE programs ADD COLUMN receipt_day_starts text NOT NULL DEFAULT '00:00:00';

-- down

ALTER TABLE programs DROP COLUMN receipt_day_starts;
ALTER TABLE programs DROP COLUMN receipt_numbers;
