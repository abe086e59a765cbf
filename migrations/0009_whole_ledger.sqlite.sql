-- A ledger in which facts may arrive in any order. An account knows up to when it was told (replayed_through) and under which version (terms_version), when time alone
-- changes it next (next_change_at), when a notice of expiry is due (next_notice_at), whether wallets went over (joined:
-- another one into it, or it into another one), and a digest of all facts behind it (evidence). A program knows for which
-- start of terms every account was told to be looked at (tiers_evaluated_through). What clauses count is kept beside the facts
-- and set right where late facts change it, so its rows may go. Entries say what they are about (subject) and
-- what is owed; lots what is held, by which terms they came, and whose wall clock they go by.
ALTER TABLE customers ADD COLUMN tier TEXT;
ALTER TABLE customers ADD COLUMN tier_since TEXT CHECK (tier_since GLOB '????-??-?? ??:??:??.??????+00:00');
ALTER TABLE customers ADD COLUMN tier_grace_ends_at TEXT CHECK (tier_grace_ends_at GLOB '????-??-?? ??:??:??.??????+00:00');
ALTER TABLE customers ADD COLUMN merged_into TEXT;
CREATE INDEX customers_of_wallet ON customers (program_id, wallet_id);
CREATE INDEX customers_merged ON customers (program_id, merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE programs ADD COLUMN tiers_evaluated_through TEXT CHECK (tiers_evaluated_through GLOB '????-??-?? ??:??:??.??????+00:00');
DROP TRIGGER clause_uses_no_update;
DROP TRIGGER clause_uses_no_delete;
DROP TRIGGER clause_items_no_update;
DROP TRIGGER clause_items_no_delete;
ALTER TABLE terms_versions ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN replayed_through TEXT CHECK (replayed_through GLOB '????-??-?? ??:??:??.??????+00:00');
ALTER TABLE accounts ADD COLUMN next_change_at TEXT CHECK (next_change_at GLOB '????-??-?? ??:??:??.??????+00:00');
ALTER TABLE accounts ADD COLUMN next_notice_at TEXT CHECK (next_notice_at GLOB '????-??-?? ??:??:??.??????+00:00');
ALTER TABLE accounts ADD COLUMN has_merges INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN terms_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN events_digest TEXT NOT NULL DEFAULT '0000000000000000000000000000000000000000000000000000000000000000';
CREATE INDEX accounts_due ON accounts (program_id, next_change_at) WHERE next_change_at IS NOT NULL;
CREATE INDEX accounts_notice ON accounts (program_id, next_notice_at) WHERE next_notice_at IS NOT NULL;

ALTER TABLE entries ADD COLUMN subject TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE entries ADD COLUMN owed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN cause TEXT;

ALTER TABLE lots ADD COLUMN held INTEGER NOT NULL DEFAULT 0 CONSTRAINT lots_held CHECK (0 <= held AND held <= remaining);
ALTER TABLE lots ADD COLUMN terms_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE lots ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
DROP TRIGGER lots_no_update;
CREATE TRIGGER lots_no_update BEFORE
    UPDATE OF program_id, id, account_id, entry_id, earned_at, available_from, valid_until, terms_version, zone ON lots
BEGIN SELECT RAISE(ABORT, 'Rows of lots are only ever added.'); END;

ALTER TABLE refunds ADD COLUMN amounts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(amounts));
ALTER TABLE redemptions ADD COLUMN decision TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(decision));
ALTER TABLE redemptions ADD COLUMN held_until TEXT CHECK (held_until GLOB '????-??-?? ??:??:??.??????+00:00');
ALTER TABLE redemptions ADD COLUMN ended_at TEXT CHECK (ended_at GLOB '????-??-?? ??:??:??.??????+00:00');
ALTER TABLE redemptions ADD COLUMN checkout TEXT;
CREATE UNIQUE INDEX redemptions_checkout_key ON redemptions (program_id, checkout) WHERE checkout IS NOT NULL;

CREATE TABLE reversals (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    redemption_id TEXT NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    usable_until TEXT CHECK (usable_until GLOB '????-??-?? ??:??:??.??????+00:00'),
    reason TEXT,
    actor TEXT,
    CONSTRAINT reversals_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT reversals_redemption_fkey FOREIGN KEY (program_id, redemption_id)
        REFERENCES redemptions (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT reversals_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT reversals_redemption_key UNIQUE (program_id, redemption_id)
) STRICT;
CREATE TRIGGER reversals_no_update BEFORE UPDATE ON reversals
BEGIN SELECT RAISE(ABORT, 'Rows of reversals are only ever added.'); END;
CREATE TRIGGER reversals_no_delete BEFORE DELETE ON reversals
BEGIN SELECT RAISE(ABORT, 'Rows of reversals are only ever added.'); END;

CREATE TABLE adjustments (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    points INTEGER NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    terms_version INTEGER NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT,
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
) STRICT;
CREATE INDEX adjustments_by_account ON adjustments (program_id, account_id);
CREATE TRIGGER adjustments_no_update BEFORE UPDATE ON adjustments
BEGIN SELECT RAISE(ABORT, 'Rows of adjustments are only ever added.'); END;
CREATE TRIGGER adjustments_no_delete BEFORE DELETE ON adjustments
BEGIN SELECT RAISE(ABORT, 'Rows of adjustments are only ever added.'); END;

CREATE TABLE transfers (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    from_account_id TEXT NOT NULL,
    to_account_id TEXT NOT NULL,
    points INTEGER NOT NULL,
    lots TEXT NOT NULL CHECK (json_valid(lots)),
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    reason TEXT NOT NULL,
    actor TEXT,
    CONSTRAINT transfers_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT transfers_from_account_fkey FOREIGN KEY (program_id, from_account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT transfers_to_account_fkey FOREIGN KEY (program_id, to_account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT transfers_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT transfers_points CHECK (points > 0),
    CONSTRAINT transfers_accounts CHECK (from_account_id <> to_account_id)
) STRICT;
CREATE INDEX transfers_by_from_account ON transfers (program_id, from_account_id);
CREATE INDEX transfers_by_to_account ON transfers (program_id, to_account_id);
CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers
BEGIN SELECT RAISE(ABORT, 'Rows of transfers are only ever added.'); END;
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers
BEGIN SELECT RAISE(ABORT, 'Rows of transfers are only ever added.'); END;

CREATE TABLE mergers (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    survivor_id TEXT,
    from_wallet_id TEXT NOT NULL,
    to_wallet_id TEXT NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    reason TEXT NOT NULL,
    actor TEXT,
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
) STRICT;
CREATE INDEX mergers_by_customer ON mergers (program_id, customer_id);
CREATE INDEX mergers_by_to_wallet ON mergers (program_id, to_wallet_id);
CREATE TRIGGER mergers_no_update BEFORE UPDATE ON mergers
BEGIN SELECT RAISE(ABORT, 'Rows of mergers are only ever added.'); END;
CREATE TRIGGER mergers_no_delete BEFORE DELETE ON mergers
BEGIN SELECT RAISE(ABORT, 'Rows of mergers are only ever added.'); END;

CREATE TABLE expiry_notices (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    given_at TEXT NOT NULL CHECK (given_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    lots TEXT NOT NULL CHECK (json_valid(lots)),
    CONSTRAINT expiry_notices_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT expiry_notices_account_fkey FOREIGN KEY (program_id, account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT;
CREATE INDEX expiry_notices_by_account ON expiry_notices (program_id, account_id);
CREATE TRIGGER expiry_notices_no_update BEFORE UPDATE ON expiry_notices
BEGIN SELECT RAISE(ABORT, 'Rows of expiry_notices are only ever added.'); END;
CREATE TRIGGER expiry_notices_no_delete BEFORE DELETE ON expiry_notices
BEGIN SELECT RAISE(ABORT, 'Rows of expiry_notices are only ever added.'); END;

CREATE TABLE expiry_notice_deliveries (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    notice_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    delivered_at TEXT NOT NULL CHECK (delivered_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT expiry_notice_deliveries_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT expiry_notice_deliveries_notice_fkey FOREIGN KEY (program_id, notice_id)
        REFERENCES expiry_notices (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT expiry_notice_deliveries_channel_key UNIQUE (program_id, notice_id, channel)
) STRICT;
CREATE TRIGGER expiry_notice_deliveries_no_update BEFORE UPDATE ON expiry_notice_deliveries
BEGIN SELECT RAISE(ABORT, 'Rows of expiry_notice_deliveries are only ever added.'); END;
CREATE TRIGGER expiry_notice_deliveries_no_delete BEFORE DELETE ON expiry_notice_deliveries
BEGIN SELECT RAISE(ABORT, 'Rows of expiry_notice_deliveries are only ever added.'); END;

CREATE TABLE pending_refunds (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    receipt TEXT NOT NULL,
    external_id TEXT,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    wish TEXT NOT NULL CHECK (json_valid(wish)),
    state TEXT NOT NULL,
    refund_id TEXT,
    CONSTRAINT waiting_refunds_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT waiting_refunds_refund_fkey FOREIGN KEY (program_id, refund_id)
        REFERENCES refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT;
CREATE INDEX waiting_refunds_by_receipt ON pending_refunds (program_id, receipt);
CREATE UNIQUE INDEX waiting_refunds_number_key ON pending_refunds (program_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX waiting_refunds_open ON pending_refunds (program_id, recorded_at) WHERE state <> 'APPLIED';

CREATE TABLE pending_refund_digests (
    program_id TEXT NOT NULL,
    evidence TEXT NOT NULL,
    CONSTRAINT waiting_evidence_pkey PRIMARY KEY (program_id),
    CONSTRAINT waiting_evidence_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT;

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
DROP TRIGGER lots_no_update;
CREATE TRIGGER lots_no_update BEFORE
    UPDATE OF program_id, id, account_id, entry_id, points, earned_at, available_from, valid_until ON lots
BEGIN SELECT RAISE(ABORT, 'Rows of lots are only ever added.'); END;
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
CREATE TRIGGER clause_uses_no_update BEFORE UPDATE ON clause_uses
BEGIN SELECT RAISE(ABORT, 'Rows of clause_uses are only ever added.'); END;
CREATE TRIGGER clause_uses_no_delete BEFORE DELETE ON clause_uses
BEGIN SELECT RAISE(ABORT, 'Rows of clause_uses are only ever added.'); END;
CREATE TRIGGER clause_items_no_update BEFORE UPDATE ON clause_items
BEGIN SELECT RAISE(ABORT, 'Rows of clause_items are only ever added.'); END;
CREATE TRIGGER clause_items_no_delete BEFORE DELETE ON clause_items
BEGIN SELECT RAISE(ABORT, 'Rows of clause_items are only ever added.'); END;
ALTER TABLE programs DROP COLUMN tiers_evaluated_through;
ALTER TABLE customers DROP COLUMN merged_into;
ALTER TABLE customers DROP COLUMN tier_grace_ends_at;
ALTER TABLE customers DROP COLUMN tier_since;
ALTER TABLE customers DROP COLUMN tier;
