-- Every table of a program starts its key with program_id, and so does every foreign key: no row can refer to another
-- program's, and the tables can be distributed by program. Lists that will grow (types, states) are checked by the code
-- that writes them. Foreign keys restrict. Instants are UTC texts that
-- sort, money is in minor units, points are whole. Small rows live in the index of their key (WITHOUT ROWID).

CREATE TABLE programs (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    zone TEXT NOT NULL,
    region TEXT NOT NULL,
    unit_name TEXT NOT NULL,
    created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT programs_pkey PRIMARY KEY (id),
    CONSTRAINT programs_kind CHECK (kind IN ('LIVE', 'SANDBOX')),
    CONSTRAINT programs_currency CHECK (length(currency) = 3)
) STRICT;

CREATE TABLE terms_versions (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    effective_from TEXT NOT NULL CHECK (effective_from GLOB '????-??-?? ??:??:??.??????+00:00'),
    published_at TEXT NOT NULL CHECK (published_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    document TEXT NOT NULL CHECK (json_valid(document)),
    CONSTRAINT terms_versions_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT terms_versions_version_key UNIQUE (program_id, version),
    CONSTRAINT terms_versions_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT terms_versions_version CHECK (version >= 1)
) STRICT;
CREATE INDEX terms_versions_effective_from ON terms_versions (program_id, effective_from);

CREATE TABLE wallets (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT wallets_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT wallets_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT, WITHOUT ROWID;

CREATE TABLE customers (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    state TEXT NOT NULL,
    locale TEXT,
    accepted_terms_version INTEGER,
    enrolled_at TEXT NOT NULL CHECK (enrolled_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT customers_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT customers_wallet_fkey FOREIGN KEY (program_id, wallet_id)
        REFERENCES wallets (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT customers_accepted_terms_fkey FOREIGN KEY (program_id, accepted_terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT, WITHOUT ROWID;

CREATE TABLE access_keys (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    role TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    customer_id TEXT,
    label TEXT NOT NULL,
    created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    revoked_at TEXT CHECK (revoked_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT access_keys_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT access_keys_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT access_keys_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT access_keys_customer CHECK ((role = 'CUSTOMER') = (customer_id IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX access_keys_id ON access_keys (id);

CREATE TABLE identities (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT identities_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT identities_value_key UNIQUE (program_id, kind, value),
    CONSTRAINT identities_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT identities_value CHECK (value <> '')
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_of_customer ON identities (program_id, customer_id);

CREATE TABLE accounts (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    available INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    held INTEGER NOT NULL,
    owed INTEGER NOT NULL,
    lifetime INTEGER NOT NULL,
    qualifying INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    head TEXT NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT accounts_wallet_unit_key UNIQUE (program_id, wallet_id, unit),
    CONSTRAINT accounts_wallet_fkey FOREIGN KEY (program_id, wallet_id)
        REFERENCES wallets (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT accounts_balance CHECK (
        available >= 0 AND pending >= 0 AND held >= 0 AND owed >= 0 AND lifetime >= 0 AND qualifying >= 0
    ),
    CONSTRAINT accounts_chain CHECK (entries >= 0 AND length(head) = 64)
) STRICT, WITHOUT ROWID;

CREATE TABLE purchases (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    currency TEXT NOT NULL,
    total INTEGER NOT NULL,
    earned INTEGER NOT NULL,
    terms_version INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    facts TEXT NOT NULL CHECK (json_valid(facts)),
    CONSTRAINT purchases_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT purchases_receipt_key UNIQUE (program_id, source, external_id),
    CONSTRAINT purchases_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_terms_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_earned CHECK (earned >= 0)
) STRICT;

CREATE TABLE refunds (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    external_id TEXT,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    lines TEXT NOT NULL CHECK (json_valid(lines)),
    cash INTEGER NOT NULL,
    due INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    reason TEXT,
    CONSTRAINT refunds_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT refunds_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT refunds_taken CHECK (0 <= taken AND taken <= due)
) STRICT;
CREATE UNIQUE INDEX refunds_external_id_key ON refunds (program_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX refunds_of_purchase ON refunds (program_id, purchase_id);

CREATE TABLE rewards (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    picture_url TEXT,
    retail_value INTEGER,
    stock_initial INTEGER,
    stock INTEGER,
    created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT rewards_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT rewards_key_key UNIQUE (program_id, key),
    CONSTRAINT rewards_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT rewards_stock CHECK (
        (stock IS NULL AND stock_initial IS NULL) OR (stock IS NOT NULL AND stock_initial IS NOT NULL AND stock >= 0)
    )
) STRICT;

CREATE TABLE redemptions (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    reward_id TEXT NOT NULL,
    state TEXT NOT NULL,
    points INTEGER NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    facts TEXT NOT NULL CHECK (json_valid(facts)),
    terms_version INTEGER NOT NULL,
    CONSTRAINT redemptions_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT redemptions_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemptions_reward_fkey FOREIGN KEY (program_id, reward_id)
        REFERENCES rewards (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemptions_terms_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemptions_points CHECK (points >= 0)
) STRICT;

CREATE TABLE entries (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    type TEXT NOT NULL,
    points INTEGER NOT NULL,
    unit TEXT NOT NULL,
    counter_account TEXT NOT NULL,
    occurred_at TEXT NOT NULL CHECK (occurred_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    purchase_id TEXT,
    refund_id TEXT,
    redemption_id TEXT,
    decision TEXT NOT NULL CHECK (json_valid(decision)),
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    CONSTRAINT entries_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT entries_number_key UNIQUE (program_id, account_id, number),
    CONSTRAINT entries_account_fkey FOREIGN KEY (program_id, account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT entries_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT entries_refund_fkey FOREIGN KEY (program_id, refund_id)
        REFERENCES refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT entries_redemption_fkey FOREIGN KEY (program_id, redemption_id)
        REFERENCES redemptions (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT entries_chain CHECK (number >= 1 AND length(previous) = 64 AND length(hash) = 64)
) STRICT;
CREATE INDEX entries_of_purchase ON entries (program_id, purchase_id) WHERE purchase_id IS NOT NULL;
CREATE INDEX entries_of_refund ON entries (program_id, refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX entries_of_redemption ON entries (program_id, redemption_id) WHERE redemption_id IS NOT NULL;

CREATE TABLE lots (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    points INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    earned_at TEXT NOT NULL CHECK (earned_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    available_from TEXT NOT NULL CHECK (available_from GLOB '????-??-?? ??:??:??.??????+00:00'),
    valid_until TEXT CHECK (valid_until GLOB '????-??-??'),
    CONSTRAINT lots_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT lots_account_fkey FOREIGN KEY (program_id, account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT lots_entry_fkey FOREIGN KEY (program_id, entry_id)
        REFERENCES entries (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT lots_remaining CHECK (0 <= remaining AND remaining <= points)
) STRICT, WITHOUT ROWID;
CREATE INDEX lots_open ON lots (program_id, account_id) WHERE remaining > 0;
CREATE INDEX lots_of_entry ON lots (program_id, entry_id);

CREATE TABLE lot_movements (
    program_id TEXT NOT NULL,
    id TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    lot_id TEXT NOT NULL,
    points INTEGER NOT NULL,
    CONSTRAINT lot_movements_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT lot_movements_entry_fkey FOREIGN KEY (program_id, entry_id)
        REFERENCES entries (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT lot_movements_lot_fkey FOREIGN KEY (program_id, lot_id)
        REFERENCES lots (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT lot_movements_points CHECK (points <> 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX lot_movements_of_entry ON lot_movements (program_id, entry_id);

CREATE TABLE idempotency_keys (
    program_id TEXT NOT NULL,
    key TEXT NOT NULL,
    mutation TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL CHECK (json_valid(answer)),
    actor TEXT,
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-?? ??:??:??.??????+00:00'),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (program_id, key),
    CONSTRAINT idempotency_keys_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT idempotency_keys_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
) STRICT;

CREATE TRIGGER terms_versions_no_update BEFORE UPDATE ON terms_versions
BEGIN SELECT RAISE(ABORT, 'Rows of terms_versions are only ever added.'); END;
CREATE TRIGGER terms_versions_no_delete BEFORE DELETE ON terms_versions
BEGIN SELECT RAISE(ABORT, 'Rows of terms_versions are only ever added.'); END;
CREATE TRIGGER purchases_no_update BEFORE UPDATE ON purchases
BEGIN SELECT RAISE(ABORT, 'Rows of purchases are only ever added.'); END;
CREATE TRIGGER purchases_no_delete BEFORE DELETE ON purchases
BEGIN SELECT RAISE(ABORT, 'Rows of purchases are only ever added.'); END;
CREATE TRIGGER refunds_no_update BEFORE UPDATE ON refunds
BEGIN SELECT RAISE(ABORT, 'Rows of refunds are only ever added.'); END;
CREATE TRIGGER refunds_no_delete BEFORE DELETE ON refunds
BEGIN SELECT RAISE(ABORT, 'Rows of refunds are only ever added.'); END;
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'Rows of entries are only ever added.'); END;
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'Rows of entries are only ever added.'); END;
CREATE TRIGGER lot_movements_no_update BEFORE UPDATE ON lot_movements
BEGIN SELECT RAISE(ABORT, 'Rows of lot_movements are only ever added.'); END;
CREATE TRIGGER lot_movements_no_delete BEFORE DELETE ON lot_movements
BEGIN SELECT RAISE(ABORT, 'Rows of lot_movements are only ever added.'); END;
CREATE TRIGGER idempotency_keys_no_update BEFORE UPDATE ON idempotency_keys
BEGIN SELECT RAISE(ABORT, 'Rows of idempotency_keys are only ever added.'); END;
CREATE TRIGGER idempotency_keys_no_delete BEFORE DELETE ON idempotency_keys
BEGIN SELECT RAISE(ABORT, 'Rows of idempotency_keys are only ever added.'); END;
CREATE TRIGGER lots_no_update BEFORE
    UPDATE OF program_id, id, account_id, entry_id, points, earned_at, available_from, valid_until ON lots
BEGIN SELECT RAISE(ABORT, 'Rows of lots are only ever added.'); END;
CREATE TRIGGER lots_no_delete BEFORE DELETE ON lots
BEGIN SELECT RAISE(ABORT, 'Rows of lots are only ever added.'); END;

-- What a grown shop looks like, so that the planner does not read a whole program where an index leads to one row: a
-- fresh file has no statistics, and without them it takes program_id to be selective.
ANALYZE;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('lots', 'lots', '1000000 1000000 1'),
    ('lots', 'lots_of_entry', '1000000 1000000 1'),
    ('lots', 'lots_open', '1000000 1000000 10'),
    ('lot_movements', 'lot_movements', '1000000 1000000 1'),
    ('lot_movements', 'lot_movements_of_entry', '1000000 1000000 1'),
    ('identities', 'identities', '100000 100000 1'),
    ('identities', 'identities_of_customer', '100000 100000 2'),
    ('identities', 'sqlite_autoindex_identities_2', '100000 100000 25000 1');

-- down

DROP TABLE idempotency_keys;
DROP TABLE lot_movements;
DROP TABLE lots;
DROP TABLE entries;
DROP TABLE redemptions;
DROP TABLE rewards;
DROP TABLE refunds;
DROP TABLE purchases;
DROP TABLE accounts;
DROP TABLE identities;
DROP TABLE access_keys;
DROP TABLE customers;
DROP TABLE wallets;
DROP TABLE terms_versions;
DROP TABLE programs;
