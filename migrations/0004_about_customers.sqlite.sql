-- Who customers are, where they have told it: date of birth, segments and preferences. Personal data: they can be changed
-- and taken away, and no row that is only ever added holds any of them.
ALTER TABLE customers ADD COLUMN birthday TEXT CHECK (birthday GLOB '????-??-??');

CREATE TABLE customer_segments (
    program_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    segment TEXT NOT NULL,
    CONSTRAINT customer_segments_pkey PRIMARY KEY (program_id, customer_id, segment),
    CONSTRAINT customer_segments_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT customer_segments_segment CHECK (segment <> '')
) STRICT;

CREATE TABLE customer_preferences (
    program_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT customer_preferences_pkey PRIMARY KEY (program_id, customer_id, kind, value),
    CONSTRAINT customer_preferences_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT customer_preferences_value CHECK (value <> '')
) STRICT;

-- down

DROP TABLE customer_preferences;
DROP TABLE customer_segments;
ALTER TABLE customers DROP COLUMN birthday;
