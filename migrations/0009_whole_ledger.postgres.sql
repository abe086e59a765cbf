-- A ledger in which facts may arrive in any order. An account knows up to when it was told (replayed_through) and under which version (terms_version), when time alone
-- changes it next (next_change_at), when a notice of expiry is due (next_notice_at), whether wallets went over (joined:
-- another one into it, or it into another one), and a digest of all facts behind it (evidence). A program knows for which
-- start of terms every account was told to be looked at (tiers_evaluated_through). What clauses count is kept beside the facts
-- and set right where late facts change it, so its rows may go. Entries say what they are about (subject) and
-- what is owed; lots what is held, by which terms they came, and whose wall clock they go by.
ALTER TABLE customers ADD COLUMN tier text;
ALTER TABLE customers ADD COLUMN tier_since timestamptz;
ALTER TABLE customers ADD COLUMN tier_grace_ends_at timestamptz;
ALTER TABLE customers ADD COLUMN merged_into uuid;
CREATE INDEX customers_of_wallet ON customers (program_id, wallet_id);
CREATE INDEX customers_merged ON customers (program_id, merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE programs ADD COLUMN tiers_evaluated_through timestamptz;
DROP TRIGGER clause_uses_never_changed ON clause_uses;
DROP TRIGGER clause_items_never_changed ON clause_items;
ALTER TABLE terms_versions ADD COLUMN digest text NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN replayed_through timestamptz;
ALTER TABLE accounts ADD COLUMN next_change_at timestamptz;
ALTER TABLE accounts ADD COLUMN next_notice_at timestamptz;
ALTER TABLE accounts ADD COLUMN has_merges bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN terms_version bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN events_digest text NOT NULL DEFAULT '0000000000000000000000000000000000000000000000000000000000000000';
CREATE INDEX accounts_due ON accounts (program_id, next_change_at) WHERE next_change_at IS NOT NULL;
CREATE INDEX accounts_notice ON accounts (program_id, next_notice_at) WHERE next_notice_at IS NOT NULL;

ALTER TABLE entries ADD COLUMN subject uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE entries ADD COLUMN owed bigint NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN cause uuid;

ALTER TABLE lots ADD COLUMN held bigint NOT NULL DEFAULT 0 CONSTRAINT lots_held CHECK (0 <= held AND held <= remaining);
ALTER TABLE lots ADD COLUMN terms_version bigint NOT NULL DEFAULT 1;
ALTER TABLE lots ADD COLUMN zone text NOT NULL DEFAULT 'UTC';
DROP TRIGGER lots_never_changed ON lots;
CREATE TRIGGER lots_never_changed BEFORE
    UPDATE OF program_id, id, account_id, entry_id, earned_at, available_from, valid_until, terms_version, zone
    OR DELETE OR TRUNCATE ON lots
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

ALTER TABLE refunds ADD COLUMN amounts json NOT NULL DEFAULT '{}';
ALTER TABLE redemptions ADD COLUMN decision json NOT NULL DEFAULT '{}';
ALTER TABLE redemptions ADD COLUMN held_until timestamptz;
ALTER TABLE redemptions ADD COLUMN ended_at timestamptz;
ALTER TABLE redemptions ADD COLUMN checkout text;
CREATE UNIQUE INDEX redemptions_checkout_key ON redemptions (program_id, checkout) WHERE checkout IS NOT NULL;

CREATE TABLE reversals (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    usable_until timestamptz,
    reason text,
    actor uuid,
    CONSTRAINT reversals_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT reversals_redemption_fkey FOREIGN KEY (program_id, redemption_id)
        REFERENCES redemptions (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT reversals_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT reversals_redemption_key UNIQUE (program_id, redemption_id)
);
CREATE TRIGGER reversals_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON reversals
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

CREATE TABLE adjustments (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    points bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    terms_version bigint NOT NULL,
    reason text NOT NULL,
    actor uuid,
    CONSTRAINT adjustments_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT adjustments_account_fkey FOREIGN KEY (program_id, account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT adjustments_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT adjustments_terms_version_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT adjustments_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT adjustments_points CHECK (points <> 0)
);
CREATE INDEX adjustments_by_account ON adjustments (program_id, account_id);
CREATE TRIGGER adjustments_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON adjustments
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

CREATE TABLE transfers (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    from_account_id uuid NOT NULL,
    to_account_id uuid NOT NULL,
    points bigint NOT NULL,
    lots json NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason text NOT NULL,
    actor uuid,
    CONSTRAINT transfers_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT transfers_from_account_fkey FOREIGN KEY (program_id, from_account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT transfers_to_account_fkey FOREIGN KEY (program_id, to_account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT transfers_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT transfers_points CHECK (points > 0),
    CONSTRAINT transfers_accounts CHECK (from_account_id <> to_account_id)
);
CREATE INDEX transfers_by_from_account ON transfers (program_id, from_account_id);
CREATE INDEX transfers_by_to_account ON transfers (program_id, to_account_id);
CREATE TRIGGER transfers_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

CREATE TABLE mergers (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    survivor_id uuid,
    from_wallet_id uuid NOT NULL,
    to_wallet_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason text NOT NULL,
    actor uuid,
    CONSTRAINT mergers_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT mergers_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT mergers_survivor_fkey FOREIGN KEY (program_id, survivor_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT mergers_from_wallet_fkey FOREIGN KEY (program_id, from_wallet_id)
        REFERENCES wallets (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT mergers_to_wallet_fkey FOREIGN KEY (program_id, to_wallet_id)
        REFERENCES wallets (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT mergers_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT mergers_from_key UNIQUE (program_id, from_wallet_id),
    CONSTRAINT mergers_wallets CHECK (from_wallet_id <> to_wallet_id)
);
CREATE INDEX mergers_by_customer ON mergers (program_id, customer_id);
CREATE INDEX mergers_by_to_wallet ON mergers (program_id, to_wallet_id);
CREATE TRIGGER mergers_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON mergers
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

CREATE TABLE expiry_notices (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    given_at timestamptz NOT NULL,
    lots json NOT NULL,
    CONSTRAINT expiry_notices_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT expiry_notices_account_fkey FOREIGN KEY (program_id, account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX expiry_notices_by_account ON expiry_notices (program_id, account_id);
CREATE TRIGGER expiry_notices_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON expiry_notices
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

CREATE TABLE expiry_notice_deliveries (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    notice_id uuid NOT NULL,
    channel text NOT NULL,
    delivered_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT expiry_notice_deliveries_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT expiry_notice_deliveries_notice_fkey FOREIGN KEY (program_id, notice_id)
        REFERENCES expiry_notices (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT expiry_notice_deliveries_channel_key UNIQUE (program_id, notice_id, channel)
);
CREATE TRIGGER expiry_notice_deliveries_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON expiry_notice_deliveries
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

CREATE TABLE pending_refunds (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    receipt text NOT NULL,
    external_id text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    wish json NOT NULL,
    state text NOT NULL,
    refund_id uuid,
    CONSTRAINT waiting_refunds_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT waiting_refunds_refund_fkey FOREIGN KEY (program_id, refund_id)
        REFERENCES refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX waiting_refunds_by_receipt ON pending_refunds (program_id, receipt);
CREATE UNIQUE INDEX waiting_refunds_number_key ON pending_refunds (program_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX waiting_refunds_open ON pending_refunds (program_id, recorded_at) WHERE state <> 'APPLIED';

CREATE TABLE pending_refund_digests (
    program_id uuid NOT NULL,
    evidence text NOT NULL,
    CONSTRAINT waiting_evidence_pkey PRIMARY KEY (program_id),
    CONSTRAINT waiting_evidence_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT
);

-- down

DROP TABLE pending_refund_digests;
DROP TABLE pending_refunds;
DROP TABLE expiry_notice_deliveries;
DROP TABLE expiry_notices;
DROP TABLE mergers;
DROP TABLE transfers;
DROP TABLE adjustments;
DROP TABLE reversals;
DROP INDEX redemptions_checkout_key;
ALTER TABLE redemptions DROP COLUMN checkout;
ALTER TABLE redemptions DROP COLUMN ended_at;
ALTER TABLE redemptions DROP COLUMN held_until;
ALTER TABLE redemptions DROP COLUMN decision;
ALTER TABLE refunds DROP COLUMN amounts;
DROP TRIGGER lots_never_changed ON lots;
CREATE TRIGGER lots_never_changed BEFORE
    UPDATE OF program_id, id, account_id, entry_id, points, earned_at, available_from, valid_until
    OR DELETE OR TRUNCATE ON lots
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
ALTER TABLE lots DROP COLUMN zone;
ALTER TABLE lots DROP COLUMN terms_version;
ALTER TABLE lots DROP COLUMN held;
ALTER TABLE entries DROP COLUMN cause;
ALTER TABLE entries DROP COLUMN owed;
ALTER TABLE entries DROP COLUMN subject;
DROP INDEX customers_merged;
DROP INDEX customers_of_wallet;
DROP INDEX accounts_notice;
DROP INDEX accounts_due;
ALTER TABLE accounts DROP COLUMN events_digest;
ALTER TABLE accounts DROP COLUMN terms_version;
ALTER TABLE accounts DROP COLUMN has_merges;
ALTER TABLE accounts DROP COLUMN next_notice_at;
ALTER TABLE accounts DROP COLUMN next_change_at;
ALTER TABLE accounts DROP COLUMN replayed_through;
ALTER TABLE terms_versions DROP COLUMN digest;
CREATE TRIGGER clause_uses_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON clause_uses
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
CREATE TRIGGER clause_items_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON clause_items
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
ALTER TABLE programs DROP COLUMN tiers_evaluated_through;
ALTER TABLE customers DROP COLUMN merged_into;
ALTER TABLE customers DROP COLUMN tier_grace_ends_at;
ALTER TABLE customers DROP COLUMN tier_since;
ALTER TABLE customers DROP COLUMN tier;
