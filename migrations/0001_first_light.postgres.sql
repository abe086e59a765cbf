-- Every table of a program starts its key with program_id, and so does every foreign key: no row can refer to another
-- program's, and the tables can be distributed by program. Lists that will grow (types, states) are checked by the code
-- that writes them. Foreign keys restrict. Instants are UTC, money is in minor units, points are whole.

CREATE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are only ever added.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TABLE programs (
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    zone text NOT NULL,
    region text NOT NULL,
    unit_name text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT programs_pkey PRIMARY KEY (id),
    CONSTRAINT programs_kind CHECK (kind IN ('LIVE', 'SANDBOX')),
    CONSTRAINT programs_currency CHECK (length(currency) = 3)
);

CREATE TABLE terms_versions (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    version bigint NOT NULL,
    effective_from timestamptz NOT NULL,
    published_at timestamptz NOT NULL,
    document json NOT NULL,
    CONSTRAINT terms_versions_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT terms_versions_version_key UNIQUE (program_id, version),
    CONSTRAINT terms_versions_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT terms_versions_version CHECK (version >= 1)
);
CREATE INDEX terms_versions_effective_from ON terms_versions (program_id, effective_from);

CREATE TABLE wallets (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT wallets_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT wallets_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT
);

CREATE TABLE customers (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    state text NOT NULL,
    locale text,
    accepted_terms_version bigint,
    enrolled_at timestamptz NOT NULL,
    CONSTRAINT customers_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT customers_wallet_fkey FOREIGN KEY (program_id, wallet_id)
        REFERENCES wallets (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT customers_accepted_terms_fkey FOREIGN KEY (program_id, accepted_terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT
);

CREATE TABLE access_keys (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    role text NOT NULL,
    secret_hash text NOT NULL,
    customer_id uuid,
    label text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT access_keys_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT access_keys_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT access_keys_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT access_keys_customer CHECK ((role = 'CUSTOMER') = (customer_id IS NOT NULL))
);
CREATE INDEX access_keys_id ON access_keys (id);

CREATE TABLE identities (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT identities_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT identities_value_key UNIQUE (program_id, kind, value),
    CONSTRAINT identities_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT identities_value CHECK (value <> '')
);
CREATE INDEX identities_of_customer ON identities (program_id, customer_id);

CREATE TABLE accounts (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    unit text NOT NULL,
    available bigint NOT NULL,
    pending bigint NOT NULL,
    held bigint NOT NULL,
    owed bigint NOT NULL,
    lifetime bigint NOT NULL,
    qualifying bigint NOT NULL,
    entries bigint NOT NULL,
    head text NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT accounts_wallet_unit_key UNIQUE (program_id, wallet_id, unit),
    CONSTRAINT accounts_wallet_fkey FOREIGN KEY (program_id, wallet_id)
        REFERENCES wallets (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT accounts_balance CHECK (
        available >= 0 AND pending >= 0 AND held >= 0 AND owed >= 0 AND lifetime >= 0 AND qualifying >= 0
    ),
    CONSTRAINT accounts_chain CHECK (entries >= 0 AND length(head) = 64)
) WITH (fillfactor = 80);

CREATE TABLE purchases (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    currency text NOT NULL,
    total bigint NOT NULL,
    earned bigint NOT NULL,
    terms_version bigint NOT NULL,
    fingerprint text NOT NULL,
    facts json NOT NULL,
    CONSTRAINT purchases_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT purchases_receipt_key UNIQUE (program_id, source, external_id),
    CONSTRAINT purchases_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_terms_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_earned CHECK (earned >= 0)
);

CREATE TABLE refunds (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    external_id text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    lines json NOT NULL,
    cash bigint NOT NULL,
    due bigint NOT NULL,
    taken bigint NOT NULL,
    reason text,
    CONSTRAINT refunds_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT refunds_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT refunds_taken CHECK (0 <= taken AND taken <= due)
);
CREATE UNIQUE INDEX refunds_external_id_key ON refunds (program_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX refunds_of_purchase ON refunds (program_id, purchase_id);

CREATE TABLE rewards (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    picture_url text,
    retail_value bigint,
    stock_initial bigint,
    stock bigint,
    created_at timestamptz NOT NULL,
    CONSTRAINT rewards_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT rewards_key_key UNIQUE (program_id, key),
    CONSTRAINT rewards_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT rewards_stock CHECK (
        (stock IS NULL AND stock_initial IS NULL) OR (stock IS NOT NULL AND stock_initial IS NOT NULL AND stock >= 0)
    )
);

CREATE TABLE redemptions (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    reward_id uuid NOT NULL,
    state text NOT NULL,
    points bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    facts json NOT NULL,
    terms_version bigint NOT NULL,
    CONSTRAINT redemptions_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT redemptions_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemptions_reward_fkey FOREIGN KEY (program_id, reward_id)
        REFERENCES rewards (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemptions_terms_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemptions_points CHECK (points >= 0)
);

CREATE TABLE entries (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    number bigint NOT NULL,
    type text NOT NULL,
    points bigint NOT NULL,
    unit text NOT NULL,
    counter_account text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    purchase_id uuid,
    refund_id uuid,
    redemption_id uuid,
    decision json NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
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
);
CREATE INDEX entries_of_purchase ON entries (program_id, purchase_id) WHERE purchase_id IS NOT NULL;
CREATE INDEX entries_of_refund ON entries (program_id, refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX entries_of_redemption ON entries (program_id, redemption_id) WHERE redemption_id IS NOT NULL;

CREATE TABLE lots (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    points bigint NOT NULL,
    remaining bigint NOT NULL,
    earned_at timestamptz NOT NULL,
    available_from timestamptz NOT NULL,
    valid_until date,
    CONSTRAINT lots_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT lots_account_fkey FOREIGN KEY (program_id, account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT lots_entry_fkey FOREIGN KEY (program_id, entry_id)
        REFERENCES entries (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT lots_remaining CHECK (0 <= remaining AND remaining <= points)
);
CREATE INDEX lots_open ON lots (program_id, account_id) WHERE remaining > 0;
CREATE INDEX lots_of_entry ON lots (program_id, entry_id);

CREATE TABLE lot_movements (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    entry_id uuid NOT NULL,
    lot_id uuid NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT lot_movements_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT lot_movements_entry_fkey FOREIGN KEY (program_id, entry_id)
        REFERENCES entries (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT lot_movements_lot_fkey FOREIGN KEY (program_id, lot_id)
        REFERENCES lots (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT lot_movements_points CHECK (points <> 0)
);
CREATE INDEX lot_movements_of_entry ON lot_movements (program_id, entry_id);

CREATE TABLE idempotency_keys (
    program_id uuid NOT NULL,
    key text NOT NULL,
    mutation text NOT NULL,
    fingerprint text NOT NULL,
    answer json NOT NULL,
    actor uuid,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (program_id, key),
    CONSTRAINT idempotency_keys_program_fkey FOREIGN KEY (program_id) REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT idempotency_keys_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);

CREATE TRIGGER terms_versions_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON terms_versions
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
CREATE TRIGGER purchases_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON purchases
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
CREATE TRIGGER refunds_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON refunds
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
CREATE TRIGGER entries_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
CREATE TRIGGER lot_movements_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON lot_movements
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
CREATE TRIGGER idempotency_keys_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON idempotency_keys
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
CREATE TRIGGER lots_never_changed BEFORE
    UPDATE OF program_id, id, account_id, entry_id, points, earned_at, available_from, valid_until
    OR DELETE OR TRUNCATE ON lots
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

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
DROP FUNCTION never_changed();
