-- Terms that can be withdrawn before they start, and clauses that apply so many times per customer and period.
CREATE TABLE terms_withdrawals (
    program_id uuid NOT NULL,
    version bigint NOT NULL,
    withdrawn_at timestamptz NOT NULL,
    CONSTRAINT terms_withdrawals_pkey PRIMARY KEY (program_id, version),
    CONSTRAINT terms_withdrawals_version_fkey FOREIGN KEY (program_id, version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT
);

CREATE TABLE clause_uses (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    clause text NOT NULL,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT clause_uses_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT clause_uses_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX clause_uses_of_customer ON clause_uses (program_id, customer_id, occurred_at);

CREATE INDEX purchases_of_customer ON purchases (program_id, customer_id, occurred_at);

CREATE TRIGGER terms_withdrawals_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON terms_withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
CREATE TRIGGER clause_uses_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON clause_uses
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- down

DROP INDEX purchases_of_customer;
DROP TABLE clause_uses;
DROP TABLE terms_withdrawals;
