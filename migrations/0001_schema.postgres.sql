-- The whole schema. The key of every table but programs begins with program_id, and so does every foreign key: no row can
-- refer to a row of another program, and the tables can be distributed by program. Lists that will grow (types, states) are
-- checked by the code that writes them. Instants are UTC, money is in minor units, points are whole.

-- Rows about what happened are only ever added, never changed.
CREATE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_NARGS = 0 THEN
        RAISE EXCEPTION 'Rows of % are only ever added.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    ELSIF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'These columns of % never change.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RAISE EXCEPTION 'Rows of % are never deleted.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

-- A loyalty program, or a sandbox to try one, with the settings that its owner chose.
-- clock_offset_seconds: how far the clock of a sandbox was moved forward.
-- tier_reviews_scheduled_through: the latest start of terms for which a tier review of every account is scheduled.
-- receipt_numbers: the scope within which a receipt number is unique.
-- receipt_day_starts: the time of day at which a business day starts, for numbers that are unique within a business day.
-- staff_adjustments, staff_transfers: points that a member of staff may adjust or transfer in a day.
-- amendment_days: the age (days) up to which a till may amend a receipt.
-- amendment_amount: by how much a till may change a receipt whatever its total (minor units; NULL: 100 major units).
-- receipt_age_days: the age (days) beyond which a receipt is put into quarantine.
-- slug: the name in public addresses, unique over all programs. listed: 1 if the first page of the deployment shows it.
CREATE TABLE programs (
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    zone text NOT NULL,
    region text NOT NULL,
    unit_name text NOT NULL,
    created_at timestamptz NOT NULL,
    clock_offset_seconds bigint NOT NULL DEFAULT 0,
    tier_reviews_scheduled_through timestamptz,
    receipt_numbers text NOT NULL DEFAULT 'UNIQUE',
    receipt_day_starts text NOT NULL DEFAULT '00:00:00',
    form_of_address text NOT NULL DEFAULT 'FORMAL',
    staff_adjustments bigint NOT NULL DEFAULT 5000,
    staff_transfers bigint NOT NULL DEFAULT 10000,
    amendment_days bigint NOT NULL DEFAULT 3,
    amendment_amount bigint,
    receipt_age_days bigint NOT NULL DEFAULT 30,
    slug text NOT NULL,
    listed bigint NOT NULL DEFAULT 0,
    CONSTRAINT programs_pkey PRIMARY KEY (id),
    CONSTRAINT programs_slug_key UNIQUE (slug),
    CONSTRAINT programs_kind CHECK (kind IN ('LIVE', 'SANDBOX')),
    CONSTRAINT programs_currency CHECK (length(currency) = 3),
    CONSTRAINT programs_clock_offset CHECK (
        clock_offset_seconds >= 0 AND (kind = 'SANDBOX' OR clock_offset_seconds = 0)
    ),
    CONSTRAINT programs_receipt_numbers CHECK (
        receipt_numbers IN ('UNIQUE', 'PER_LOCATION', 'PER_DAY', 'PER_LOCATION_AND_DAY')
    ),
    CONSTRAINT programs_form_of_address CHECK (form_of_address IN ('FORMAL', 'INFORMAL')),
    CONSTRAINT programs_staff_adjustments CHECK (staff_adjustments BETWEEN 0 AND 2147483647),
    CONSTRAINT programs_staff_transfers CHECK (staff_transfers BETWEEN 0 AND 2147483647),
    CONSTRAINT programs_amendment_days CHECK (amendment_days BETWEEN 0 AND 3650),
    CONSTRAINT programs_amendment_amount CHECK (amendment_amount >= 0),
    CONSTRAINT programs_receipt_age_days CHECK (receipt_age_days BETWEEN 1 AND 36500),
    CONSTRAINT programs_slug CHECK (length(slug) BETWEEN 3 AND 40),
    CONSTRAINT programs_listed CHECK (listed IN (0, 1))
);

-- A shop, with its own time zone. number counts the locations of a program from 1.
CREATE TABLE locations (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    zone text NOT NULL,
    address text,
    created_at timestamptz NOT NULL,
    CONSTRAINT locations_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT locations_number_key UNIQUE (program_id, number),
    CONSTRAINT locations_key_key UNIQUE (program_id, key),
    CONSTRAINT locations_name_key UNIQUE (program_id, name),
    CONSTRAINT locations_program_fkey FOREIGN KEY (program_id)
        REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT locations_number CHECK (number >= 1)
);

-- A published version of the terms: the clauses as JSON, and a digest of the row.
CREATE TABLE terms_versions (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    version bigint NOT NULL,
    effective_from timestamptz NOT NULL,
    published_at timestamptz NOT NULL,
    document json NOT NULL,
    digest text NOT NULL DEFAULT '',
    CONSTRAINT terms_versions_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT terms_versions_version_key UNIQUE (program_id, version),
    CONSTRAINT terms_versions_program_fkey FOREIGN KEY (program_id)
        REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT terms_versions_version CHECK (version >= 1)
);
CREATE INDEX terms_versions_effective_from ON terms_versions (program_id, effective_from);
CREATE TRIGGER terms_versions_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON terms_versions
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- A version that was withdrawn before it came into force.
CREATE TABLE terms_withdrawals (
    program_id uuid NOT NULL,
    version bigint NOT NULL,
    withdrawn_at timestamptz NOT NULL,
    CONSTRAINT terms_withdrawals_pkey PRIMARY KEY (program_id, version),
    CONSTRAINT terms_withdrawals_version_fkey FOREIGN KEY (program_id, version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE TRIGGER terms_withdrawals_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON terms_withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- A preview of drafted terms, which are applied to recent purchases: how far it has come, and its result.
CREATE TABLE impact_previews (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    terms_version bigint NOT NULL,
    draft json NOT NULL,
    days bigint NOT NULL,
    since timestamptz NOT NULL,
    requested_at timestamptz NOT NULL,
    state text NOT NULL,
    heartbeat_at timestamptz,
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

-- What holds the accounts of one customer, or of a household that shares them.
CREATE TABLE wallets (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT wallets_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT wallets_program_fkey FOREIGN KEY (program_id)
        REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT
);

-- A customer; merged_into: the customer who survived a merger. The birthday is personal data and may be removed.
-- tier, tier_since and tier_grace_ends_at: the tier as of the last replay.
CREATE TABLE customers (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    state text NOT NULL,
    locale text,
    accepted_terms_version bigint,
    enrolled_at timestamptz NOT NULL,
    birthday date,
    tier text,
    tier_since timestamptz,
    tier_grace_ends_at timestamptz,
    merged_into uuid,
    CONSTRAINT customers_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT customers_wallet_fkey FOREIGN KEY (program_id, wallet_id)
        REFERENCES wallets (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT customers_accepted_terms_fkey FOREIGN KEY (program_id, accepted_terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX customers_of_wallet ON customers (program_id, wallet_id);
CREATE INDEX customers_merged ON customers (program_id, merged_into) WHERE merged_into IS NOT NULL;

-- What a customer is recognized by: a card, an e-mail address, a phone number. The value is stored in one spelling.
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

-- A segment that a customer is in. Personal data: rows may be removed.
CREATE TABLE customer_segments (
    program_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    segment text NOT NULL,
    CONSTRAINT customer_segments_pkey PRIMARY KEY (program_id, customer_id, segment),
    CONSTRAINT customer_segments_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT customer_segments_segment CHECK (segment <> '')
);

-- A preference of a customer, such as a diet or a size. Personal data: rows may be removed.
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

-- A key to the API: its role and a hash of its secret. A customer's key names the customer.
-- number: counts the keys of a program from 1.
-- expires_at: when the key ends by itself, by the server's clock; a rotated key may be used beside its successor until then.
-- replaces_id: the key that this one replaced by a rotation. actor: the key with which it was created; NULL: the command line.
CREATE TABLE access_keys (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    role text NOT NULL,
    secret_hash text NOT NULL,
    customer_id uuid,
    label text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    replaces_id uuid,
    actor uuid,
    CONSTRAINT access_keys_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT access_keys_number_key UNIQUE (program_id, number),
    CONSTRAINT access_keys_program_fkey FOREIGN KEY (program_id)
        REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT access_keys_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT access_keys_replaces_fkey FOREIGN KEY (program_id, replaces_id)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT access_keys_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT access_keys_customer CHECK ((role = 'CUSTOMER') = (customer_id IS NOT NULL)),
    CONSTRAINT access_keys_number CHECK (number >= 1)
);
CREATE INDEX access_keys_id ON access_keys (id);

-- When a key was last used, to the minute. Written by a background task, never by the transaction of a request.
CREATE TABLE access_key_uses (
    program_id uuid NOT NULL,
    key_id uuid NOT NULL,
    last_used_at timestamptz NOT NULL,
    CONSTRAINT access_key_uses_pkey PRIMARY KEY (program_id, key_id),
    CONSTRAINT access_key_uses_key_fkey FOREIGN KEY (program_id, key_id)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);

-- The customer record of the holder of a staff key: the key must not change that customer's wallet.
CREATE TABLE key_holders (
    program_id uuid NOT NULL,
    key_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    CONSTRAINT key_holders_pkey PRIMARY KEY (program_id, key_id),
    CONSTRAINT key_holders_key_fkey FOREIGN KEY (program_id, key_id)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT key_holders_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE TRIGGER key_holders_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON key_holders
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- A wallet that was merged into another one, of the same person or of a household.
-- customer_id: the customer whose wallet was merged.
-- survivor_id: the customer as whom the merged one continues; NULL: a household, in which both customers remain.
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
    CONSTRAINT mergers_from_key UNIQUE (program_id, from_wallet_id),
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
    CONSTRAINT mergers_wallets CHECK (from_wallet_id <> to_wallet_id)
);
CREATE INDEX mergers_by_customer ON mergers (program_id, customer_id);
CREATE INDEX mergers_by_to_wallet ON mergers (program_id, to_wallet_id);
CREATE TRIGGER mergers_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON mergers
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- A purchase. A correction may change customer_id, total, earned, facts and moved_by, and nothing else.
-- number_location, number_day: the location (id) and the business day within which its number is unique, by the
--   setting when it was recorded; '' if numbers did not depend on the location or the day.
-- completion: counts from 1 how often the order with this number was completed.
-- moved_by: the correction that moved the purchase to its customer.
-- actor: the access key with which it was recorded; NULL: the command line.
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
    moved_by uuid,
    location_id uuid,
    number_location text NOT NULL DEFAULT '',
    number_day text NOT NULL DEFAULT '',
    completion bigint NOT NULL DEFAULT 1,
    actor uuid,
    CONSTRAINT purchases_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT purchases_receipt_key UNIQUE (program_id, source, external_id, number_location, number_day, completion),
    CONSTRAINT purchases_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_terms_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_location_fkey FOREIGN KEY (program_id, location_id)
        REFERENCES locations (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchases_earned CHECK (earned >= 0),
    CONSTRAINT purchases_completion CHECK (completion >= 1)
);
CREATE INDEX purchases_of_customer ON purchases (program_id, customer_id, occurred_at);
CREATE TRIGGER purchases_never_changed BEFORE
    UPDATE OF program_id, id, source, external_id, occurred_at, recorded_at, currency, terms_version,
        fingerprint, location_id, number_location, number_day, completion, actor
    OR DELETE OR TRUNCATE ON purchases
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed('columns');

-- A refund of a purchase: goods that were returned, or a part of the price that was paid back.
-- clawback_due: points to claw back.
-- clawed_back: points that were clawed back.
-- number_location, number_day: as in purchases.
CREATE TABLE refunds (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    external_id text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    lines json NOT NULL,
    cash bigint NOT NULL,
    clawback_due bigint NOT NULL,
    clawed_back bigint NOT NULL,
    reason text,
    fingerprint text NOT NULL DEFAULT '',
    amounts json NOT NULL DEFAULT '{}',
    number_location text NOT NULL DEFAULT '',
    number_day text NOT NULL DEFAULT '',
    CONSTRAINT refunds_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT refunds_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT refunds_clawed_back CHECK (0 <= clawed_back AND clawed_back <= clawback_due)
);
CREATE INDEX refunds_of_purchase ON refunds (program_id, purchase_id);
CREATE UNIQUE INDEX refunds_external_id_key ON refunds (program_id, external_id, number_location, number_day)
    WHERE external_id IS NOT NULL;
CREATE TRIGGER refunds_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON refunds
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- An exchange: a refund, and the purchase of the new goods that the customer took for the returned ones.
CREATE TABLE exchanges (
    program_id uuid NOT NULL,
    refund_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    CONSTRAINT exchanges_pkey PRIMARY KEY (program_id, refund_id),
    CONSTRAINT exchanges_purchase_key UNIQUE (program_id, purchase_id),
    CONSTRAINT exchanges_refund_fkey FOREIGN KEY (program_id, refund_id)
        REFERENCES refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT exchanges_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE TRIGGER exchanges_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON exchanges
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- A correction of a receipt, by which it was amended or moved, with the purchase as it was before.
-- counted_points, counted_stamps: what the correction uses of the daily staff budget of its access key.
-- retained_budget_usage: what a moved purchase has used of clauses' budgets and keeps using for its former customer.
CREATE TABLE receipt_corrections (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    to_customer_id uuid NOT NULL,
    total bigint NOT NULL,
    earned bigint NOT NULL,
    moved_by uuid,
    facts json NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason text NOT NULL,
    actor uuid,
    counted_points bigint NOT NULL DEFAULT 0,
    counted_stamps bigint NOT NULL DEFAULT 0,
    retained_budget_usage json,
    CONSTRAINT receipt_corrections_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT receipt_corrections_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT receipt_corrections_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT receipt_corrections_to_fkey FOREIGN KEY (program_id, to_customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT receipt_corrections_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX receipt_corrections_of_purchase ON receipt_corrections (program_id, purchase_id);
CREATE INDEX receipt_corrections_from ON receipt_corrections (program_id, customer_id);
CREATE INDEX receipt_corrections_to ON receipt_corrections (program_id, to_customer_id);
CREATE INDEX receipt_corrections_by_actor ON receipt_corrections (program_id, actor, recorded_at);
CREATE TRIGGER receipt_corrections_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_corrections
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- What no longer counts of a purchase, mostly because goods were returned: its visit (no_visit: 1), and points clawed back.
CREATE TABLE purchase_reductions (
    program_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    no_visit bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT purchase_reductions_pkey PRIMARY KEY (program_id, purchase_id),
    CONSTRAINT purchase_reductions_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchase_reductions_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT purchase_reductions_reduced CHECK (
        no_visit IN (0, 1) AND points >= 0 AND (no_visit = 1 OR points > 0)
    )
);
CREATE INDEX purchase_reductions_of_customer ON purchase_reductions (program_id, customer_id, occurred_at);

-- A refund or an exchange that arrived before its purchase and waits for it. new_receipt_number, new_receipt_customer_id:
-- of an exchange, the number of its new receipt and its customer. rejected_with: the problem because of which it could
-- not be applied to its purchase. dismissed_at, dismissed_by, dismissed_because: when staff dismissed it, who and why.
CREATE TABLE pending_refunds (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    receipt text NOT NULL,
    external_id text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    content json NOT NULL,
    state text NOT NULL,
    refund_id uuid,
    number_location text NOT NULL DEFAULT '',
    number_day text NOT NULL DEFAULT '',
    dismissed_at timestamptz,
    dismissed_by uuid,
    dismissed_because text,
    new_receipt_number text,
    new_receipt_customer_id uuid,
    rejected_with text,
    CONSTRAINT pending_refunds_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT pending_refunds_refund_fkey FOREIGN KEY (program_id, refund_id)
        REFERENCES refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX pending_refunds_by_receipt ON pending_refunds (program_id, receipt);
CREATE INDEX pending_refunds_unsettled ON pending_refunds (program_id, recorded_at) WHERE state <> 'APPLIED';
CREATE UNIQUE INDEX pending_refunds_number_key ON pending_refunds (program_id, external_id, number_location, number_day)
    WHERE external_id IS NOT NULL;
CREATE INDEX pending_refunds_by_new_receipt_number ON pending_refunds (program_id, new_receipt_number)
    WHERE new_receipt_number IS NOT NULL;

-- A digest of all pending refunds of a program, by which `troth verify` finds changed rows.
CREATE TABLE pending_refund_digests (
    program_id uuid NOT NULL,
    digest text NOT NULL,
    CONSTRAINT pending_refund_digests_pkey PRIMARY KEY (program_id),
    CONSTRAINT pending_refund_digests_program_fkey FOREIGN KEY (program_id)
        REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT
);

-- A receipt with an implausible time, as it was sent, until staff settle it. Only the outcome changes, once.
CREATE TABLE quarantined_receipts (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    external_id text,
    fingerprint text NOT NULL,
    customer_id uuid,
    implausible_time text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor uuid,
    command json NOT NULL,
    state text NOT NULL DEFAULT 'PENDING',
    settled_at timestamptz,
    settled_by uuid,
    settled_because text,
    booked_for timestamptz,
    purchase_id uuid,
    refund_id uuid,
    pending_refund_id uuid,
    CONSTRAINT quarantined_receipts_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT quarantined_receipts_sequence_key UNIQUE (program_id, sequence),
    CONSTRAINT quarantined_receipts_program_fkey FOREIGN KEY (program_id)
        REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_settled_by_fkey FOREIGN KEY (program_id, settled_by)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_refund_fkey FOREIGN KEY (program_id, refund_id)
        REFERENCES refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_pending_refund_fkey FOREIGN KEY (program_id, pending_refund_id)
        REFERENCES pending_refunds (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT quarantined_receipts_kind CHECK (kind IN ('PURCHASE', 'REFUND', 'EXCHANGE')),
    CONSTRAINT quarantined_receipts_state CHECK ((state = 'PENDING') = (settled_at IS NULL))
);
CREATE INDEX quarantined_receipts_by_receipt ON quarantined_receipts (program_id, external_id);
CREATE INDEX quarantined_receipts_by_state ON quarantined_receipts (program_id, state, sequence);
CREATE INDEX quarantined_receipts_by_customer ON quarantined_receipts (program_id, customer_id);
CREATE TRIGGER quarantined_receipts_never_changed BEFORE
    UPDATE OF program_id, id, sequence, kind, source, external_id, fingerprint, customer_id, implausible_time, occurred_at,
        recorded_at, actor, command
    OR DELETE OR TRUNCATE ON quarantined_receipts
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed('columns');

-- How many receipts of a program ever came into quarantine, and a digest of them, by which `troth verify` finds changed rows.
CREATE TABLE quarantine_digests (
    program_id uuid NOT NULL,
    number bigint NOT NULL,
    digest text NOT NULL,
    CONSTRAINT quarantine_digests_pkey PRIMARY KEY (program_id),
    CONSTRAINT quarantine_digests_program_fkey FOREIGN KEY (program_id)
        REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT
);

-- A use of a clause by a customer, for limits per period. birthday_year: the year of the birthday that the use was for, if
-- it was for one. A late event or a refund may change these counters, so rows may be removed.
CREATE TABLE clause_uses (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    clause text NOT NULL,
    occurred_at timestamptz NOT NULL,
    birthday_year bigint,
    CONSTRAINT clause_uses_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT clause_uses_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX clause_uses_of_customer ON clause_uses (program_id, customer_id, occurred_at);

-- Items that a customer bought under a clause that counts them (every nth item). Rows may be removed.
CREATE TABLE clause_items (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    clause text NOT NULL,
    items bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT clause_items_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT clause_items_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT clause_items_items CHECK (items >= 1)
);
CREATE INDEX clause_items_of_customer ON clause_items (program_id, customer_id, occurred_at);

-- The budget of a clause.
-- points_used: the points that all customers together have used of it.
CREATE TABLE clause_budgets (
    program_id uuid NOT NULL,
    clause text NOT NULL,
    points_used bigint NOT NULL,
    CONSTRAINT clause_budgets_pkey PRIMARY KEY (program_id, clause),
    CONSTRAINT clause_budgets_program_fkey FOREIGN KEY (program_id)
        REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT clause_budgets_points_used CHECK (points_used >= 0)
) WITH (fillfactor = 80);

-- What a purchase adds to its customer's own share of the budget of a clause: points of the budget that came back, which
-- only this customer can get again. The share is the sum of the rows.
-- points: what the purchase adds to the share; below 0: what it uses of the share.
CREATE TABLE budget_shares (
    program_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    clause text NOT NULL,
    customer_id uuid NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT budget_shares_pkey PRIMARY KEY (program_id, purchase_id, clause, customer_id),
    CONSTRAINT budget_shares_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT budget_shares_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT budget_shares_points CHECK (points <> 0)
);
CREATE INDEX budget_shares_of_customer ON budget_shares (program_id, customer_id, clause);

-- A reward. stock: the items left; NULL: no limit. cash_part: what is paid in addition to the points, in minor units.
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
    article text,
    variants json,
    cash_part bigint,
    CONSTRAINT rewards_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT rewards_key_key UNIQUE (program_id, key),
    CONSTRAINT rewards_program_fkey FOREIGN KEY (program_id)
        REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT rewards_stock CHECK (
         (stock IS NULL AND stock_initial IS NULL) OR (stock IS NOT NULL AND stock_initial IS NOT NULL AND stock >= 0) 
    ),
    CONSTRAINT rewards_cash_part CHECK (cash_part > 0)
);

-- A reward that a customer redeemed, or has on hold.
-- held_until: when the hold expires; NULL: redeemed directly, without a hold.
-- ended_at: when a hold was released or expired.
-- checkout: the number of the checkout that redeemed or held the reward.
-- number_location, number_day: as in purchases, for the number of the checkout.
-- fulfilled_by: the access key with which the reward was handed over.
-- actor: the access key with which it was redeemed or held; NULL: the command line.
-- issued_at: when a customer paid for it with a key of their own; a till hands the reward over later.
-- source: who numbers the checkout: '' the program, otherwise the customer (id) who redeems with a key of their own.
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
    decision json NOT NULL DEFAULT '{}',
    held_until timestamptz,
    ended_at timestamptz,
    checkout text,
    fulfilled_at timestamptz,
    fulfilled_by uuid,
    number_location text NOT NULL DEFAULT '',
    number_day text NOT NULL DEFAULT '',
    actor uuid,
    issued_at timestamptz,
    source text NOT NULL DEFAULT '',
    CONSTRAINT redemptions_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT redemptions_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemptions_reward_fkey FOREIGN KEY (program_id, reward_id)
        REFERENCES rewards (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemptions_terms_fkey FOREIGN KEY (program_id, terms_version)
        REFERENCES terms_versions (program_id, version) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemptions_points CHECK (points >= 0)
);
CREATE INDEX redemptions_of_customer ON redemptions (program_id, customer_id, occurred_at);
CREATE INDEX redemptions_fulfilled_by ON redemptions (program_id, fulfilled_by, fulfilled_at)
    WHERE fulfilled_by IS NOT NULL;
CREATE UNIQUE INDEX redemptions_checkout_key
    ON redemptions (program_id, source, checkout, number_location, number_day)
    WHERE checkout IS NOT NULL;

-- The reversal of a redemption. usable_until: until when the returned points may still be used.
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
    CONSTRAINT reversals_redemption_key UNIQUE (program_id, redemption_id),
    CONSTRAINT reversals_redemption_fkey FOREIGN KEY (program_id, redemption_id)
        REFERENCES redemptions (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT reversals_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX reversals_by_actor ON reversals (program_id, actor, recorded_at);
CREATE TRIGGER reversals_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON reversals
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- The purchase that a redemption paid for: at most one. A row is removed when an amended receipt no longer names the
-- redemption.
CREATE TABLE redemption_payments (
    program_id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    CONSTRAINT redemption_payments_pkey PRIMARY KEY (program_id, redemption_id),
    CONSTRAINT redemption_payments_redemption_fkey FOREIGN KEY (program_id, redemption_id)
        REFERENCES redemptions (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT redemption_payments_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE INDEX redemption_payments_of_purchase ON redemption_payments (program_id, purchase_id);

-- The points or stamps of a wallet: the balance as of the last replay, and the state of that replay.
-- owed: points clawed back that the customer did not have and owes.
-- entry_count, last_hash: the number of entries and the hash of the last one.
-- replayed_through: the balance contains every event up to this instant.
-- next_change_at: when the next change falls due.
-- next_notice_at: when the next expiry notice is due.
-- has_merges: 1 if another wallet was merged into this one, or this one into another.
-- terms_version: the latest version of the terms that the replay used.
-- events_digest: a digest of the rows of all events behind the account.
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
    entry_count bigint NOT NULL,
    last_hash text NOT NULL,
    replayed_through timestamptz,
    next_change_at timestamptz,
    next_notice_at timestamptz,
    has_merges bigint NOT NULL DEFAULT 0,
    terms_version bigint NOT NULL DEFAULT 0,
    events_digest text NOT NULL DEFAULT '0000000000000000000000000000000000000000000000000000000000000000',
    CONSTRAINT accounts_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT accounts_wallet_unit_key UNIQUE (program_id, wallet_id, unit),
    CONSTRAINT accounts_wallet_fkey FOREIGN KEY (program_id, wallet_id)
        REFERENCES wallets (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT accounts_balance CHECK (
         available >= 0 AND pending >= 0 AND held >= 0 AND owed >= 0 AND lifetime >= 0 AND qualifying >= 0 
    ),
    CONSTRAINT accounts_chain CHECK (entry_count >= 0 AND length(last_hash) = 64)
) WITH (fillfactor = 80);
CREATE INDEX accounts_next_change_at ON accounts (program_id, next_change_at) WHERE next_change_at IS NOT NULL;
CREATE INDEX accounts_next_notice_at ON accounts (program_id, next_notice_at) WHERE next_notice_at IS NOT NULL;

-- An entry of an account's ledger. previous: the hash of the entry before.
-- subject: the id of what the entry is about, such as a purchase, a redemption or a lot.
-- owed_change: by how many points the customer's debt grew (above 0) or shrank (below 0).
-- cause: the late or corrected event because of which this correcting entry was appended; NULL: it corrects nothing.
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
    subject uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    owed_change bigint NOT NULL DEFAULT 0,
    cause uuid,
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
CREATE TRIGGER entries_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- Points of an account that were earned together and expire together.
-- points: how many were earned; a late event may change that.
-- remaining: how many are left.
-- held: how many of these are reserved by holds.
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
    held bigint NOT NULL DEFAULT 0,
    terms_version bigint NOT NULL DEFAULT 1,
    zone text NOT NULL DEFAULT 'UTC',
    CONSTRAINT lots_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT lots_account_fkey FOREIGN KEY (program_id, account_id)
        REFERENCES accounts (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT lots_entry_fkey FOREIGN KEY (program_id, entry_id)
        REFERENCES entries (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT lots_remaining CHECK (0 <= remaining AND remaining <= points),
    CONSTRAINT lots_held CHECK (0 <= held AND held <= remaining)
);
CREATE INDEX lots_open ON lots (program_id, account_id) WHERE remaining > 0;
CREATE INDEX lots_of_entry ON lots (program_id, entry_id);
CREATE TRIGGER lots_never_changed BEFORE
    UPDATE OF program_id, id, account_id, entry_id, earned_at, available_from, valid_until, terms_version, zone
    OR DELETE OR TRUNCATE ON lots
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed('columns');

-- What an entry put into a lot (above 0) or took out of it (below 0).
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
CREATE TRIGGER lot_movements_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON lot_movements
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- Points that staff added or took off by hand, with the reason.
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
CREATE INDEX adjustments_by_actor ON adjustments (program_id, actor, recorded_at);
CREATE TRIGGER adjustments_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON adjustments
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- Points that were transferred from one account to another, with the dates of their lots.
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
CREATE INDEX transfers_by_actor ON transfers (program_id, actor, recorded_at);
CREATE TRIGGER transfers_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- A notice to a customer about lots that will expire.
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

-- The delivery of a notice through a channel: points expire only if a notice was delivered in time.
CREATE TABLE expiry_notice_deliveries (
    program_id uuid NOT NULL,
    id uuid NOT NULL,
    notice_id uuid NOT NULL,
    channel text NOT NULL,
    delivered_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT expiry_notice_deliveries_pkey PRIMARY KEY (program_id, id),
    CONSTRAINT expiry_notice_deliveries_channel_key UNIQUE (program_id, notice_id, channel),
    CONSTRAINT expiry_notice_deliveries_notice_fkey FOREIGN KEY (program_id, notice_id)
        REFERENCES expiry_notices (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE TRIGGER expiry_notice_deliveries_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON expiry_notice_deliveries
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- The result of a mutation, by its idempotency key: the same key gets the same answer again.
-- source: whose key it is: '' the program's, shared by all its access keys, otherwise the customer (id) whose access key
--   sent it.
-- recorded_at: by the clock of the program; the balances in the answer are those of that time.
CREATE TABLE idempotency_keys (
    program_id uuid NOT NULL,
    key text NOT NULL,
    mutation text NOT NULL,
    fingerprint text NOT NULL,
    answer json NOT NULL,
    actor uuid,
    recorded_at timestamptz NOT NULL,
    source text NOT NULL DEFAULT '',
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (program_id, key, source),
    CONSTRAINT idempotency_keys_program_fkey FOREIGN KEY (program_id)
        REFERENCES programs (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT idempotency_keys_actor_fkey FOREIGN KEY (program_id, actor)
        REFERENCES access_keys (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT
);
CREATE TRIGGER idempotency_keys_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON idempotency_keys
    FOR EACH STATEMENT EXECUTE FUNCTION never_changed();

-- down

DROP TABLE idempotency_keys;
DROP TABLE expiry_notice_deliveries;
DROP TABLE expiry_notices;
DROP TABLE transfers;
DROP TABLE adjustments;
DROP TABLE lot_movements;
DROP TABLE lots;
DROP TABLE entries;
DROP TABLE accounts;
DROP TABLE redemption_payments;
DROP TABLE reversals;
DROP TABLE redemptions;
DROP TABLE rewards;
DROP TABLE budget_shares;
DROP TABLE clause_budgets;
DROP TABLE clause_items;
DROP TABLE clause_uses;
DROP TABLE quarantine_digests;
DROP TABLE quarantined_receipts;
DROP TABLE pending_refund_digests;
DROP TABLE pending_refunds;
DROP TABLE purchase_reductions;
DROP TABLE receipt_corrections;
DROP TABLE exchanges;
DROP TABLE refunds;
DROP TABLE purchases;
DROP TABLE mergers;
DROP TABLE key_holders;
DROP TABLE access_key_uses;
DROP TABLE access_keys;
DROP TABLE customer_preferences;
DROP TABLE customer_segments;
DROP TABLE identities;
DROP TABLE customers;
DROP TABLE wallets;
DROP TABLE impact_previews;
DROP TABLE terms_withdrawals;
DROP TABLE terms_versions;
DROP TABLE locations;
DROP TABLE programs;
DROP FUNCTION never_changed();
