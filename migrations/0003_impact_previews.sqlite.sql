-- Drafts of terms replayed on the recent past, and the redemptions of a customer by time.
CREATE TABLE impact_previews (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    terms_version INTEGER NOT NULL,
    draft TEXT NOT NULL CHECK (json_valid(draft)),
    days INTEGER NOT NULL,
    since TEXT NOT NULL CHECK (since GLOB '????-??-?? ??:??:??.??????+00:00'),
    requested_at TEXT NOT NULL CHECK (requested_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    state TEXT NOT NULL,
    beat_at TEXT CHECK (beat_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    result TEXT CHECK (json_valid(coalesce(result, 'null'))),
    CONSTRAINT impact_previews_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT impact_previews_terms_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT impact_previews_days CHECK (days >= 1),
    CONSTRAINT impact_previews_progress CHECK (0 <= done AND done <= total),
    CONSTRAINT impact_previews_result CHECK ((result IS NOT NULL) = (state = 'DONE'))
) STRICT;
CREATE INDEX impact_previews_unfinished ON impact_previews (state) WHERE state IN ('QUEUED', 'RUNNING');

CREATE INDEX redemptions_of_customer ON redemptions (program_id, customer_id, occurred_at);

-- down

DROP INDEX redemptions_of_customer;
DROP TABLE impact_previews;
