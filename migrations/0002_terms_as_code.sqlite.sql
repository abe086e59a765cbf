-- Terms that can be withdrawn before they start, and clauses that apply so many times per customer and period.
CREATE TABLE terms_withdrawals (
    program_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    withdrawn_at TEXT NOT NULL CHECK (withdrawn_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT terms_withdrawals_pkey PRIMARY KEY (program_id, version),
    CONSTRAINT terms_withdrawals_version_fkey FOREIGN KEY (program_id, version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT, WITHOUT ROWID;

CREATE TABLE clause_uses (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    clause TEXT NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT clause_uses_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT clause_uses_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT, WITHOUT ROWID;
CREATE INDEX clause_uses_of_customer ON clause_uses (program_id, customer_id, occurred_at);

CREATE INDEX purchases_of_customer ON purchases (program_id, customer_id, occurred_at);

CREATE TRIGGER terms_withdrawals_no_update BEFORE UPDATE ON terms_withdrawals
BEGIN SELECT RAISE(ABORT, 'Rows of terms_withdrawals are only ever added.'); END;
CREATE TRIGGER terms_withdrawals_no_delete BEFORE DELETE ON terms_withdrawals
BEGIN SELECT RAISE(ABORT, 'Rows of terms_withdrawals are only ever added.'); END;
CREATE TRIGGER clause_uses_no_update BEFORE UPDATE ON clause_uses
BEGIN SELECT RAISE(ABORT, 'Rows of clause_uses are only ever added.'); END;
CREATE TRIGGER clause_uses_no_delete BEFORE DELETE ON clause_uses
BEGIN SELECT RAISE(ABORT, 'Rows of clause_uses are only ever added.'); END;

-- down

DROP INDEX purchases_of_customer;
DROP TABLE clause_uses;
DROP TABLE terms_withdrawals;
