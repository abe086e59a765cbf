-- Drafts of terms replayed on the recent past, and the redemptions of a customer by time.
CREATE TABLE impact_previews (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    terms_version bigint NOT NULL,
    draft json NOT NULL,
    days bigint NOT NULL,
    since timestamptz NOT NULL,
    requested_at timestamptz NOT NULL,
    state text NOT NULL,
    beat_at timestamptz,
    done bigint NOT NULL,
    total bigint NOT NULL,
    result json,
    CONSTRAINT impact_previews_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT impact_previews_terms_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT impact_previews_days CHECK (days >= 1),
    CONSTRAINT impact_previews_progress CHECK (0 <= done AND done <= total),
    CONSTRAINT impact_previews_result CHECK ((result IS NOT NULL) = (state = 'DONE'))
);
CREATE INDEX impact_previews_unfinished ON impact_previews (state) WHERE state IN ('QUEUED', 'RUNNING');

CREATE INDEX redemptions_of_customer ON redemptions (program_id, customer_id, occurred_at);

-- down

DROP INDEX redemptions_of_customer;
DROP TABLE impact_previews;
