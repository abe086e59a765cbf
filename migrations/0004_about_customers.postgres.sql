-- Who customers are, where they have told it: date of birth, segments and preferences. Personal data: they can be changed
-- and taken away, and no row that is only ever added holds any of them.
ALTER TABLE customers ADD COLUMN birthday date;

CREATE TABLE customer_segments (
    program_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    segment text NOT NULL,
    CONSTRAINT customer_segments_pkey PRIMARY KEY (program_id, customer_id, segment),
    CONSTRAINT customer_segments_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT customer_segments_segment CHECK (segment <> '')
);

CREATE TABLE customer_preferences (
    program_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    CONSTRAINT customer_preferences_pkey PRIMARY KEY (program_id, customer_id, kind, value),
    CONSTRAINT customer_preferences_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT customer_preferences_value CHECK (value <> '')
);

-- down

DROP TABLE customer_preferences;
DROP TABLE customer_segments;
ALTER TABLE customers DROP COLUMN birthday;
