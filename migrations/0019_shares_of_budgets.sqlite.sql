-- What came back of budgets, and is given to the same customer first: what each purchase adds to its customer's own share
-- of a clause's budget, or, below 0, takes from it. And what of a budget a purchase left with the customer whom it was
-- taken for when it was moved to another one.
CREATE TABLE budget_shares (
    program_id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    clause TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    points INTEGER NOT NULL,
    CONSTRAINT budget_shares_pkey PRIMARY KEY (program_id, purchase_id, clause, customer_id),
    CONSTRAINT budget_shares_purchase_fkey FOREIGN KEY (program_id, purchase_id)
        REFERENCES purchases (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT budget_shares_customer_fkey FOREIGN KEY (program_id, customer_id)
        REFERENCES customers (program_id, id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT budget_shares_points CHECK (points <> 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX budget_shares_of_customer ON budget_shares (program_id, customer_id, clause);

ALTER TABLE receipt_corrections ADD COLUMN left_behind TEXT CHECK (json_valid(coalesce(left_behind, 'null')));

-- down

ALTER TABLE receipt_corrections DROP COLUMN left_behind;
DROP TABLE budget_shares;
