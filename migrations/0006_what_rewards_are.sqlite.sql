-- What a reward gives, what there is to choose from, and what has to be paid besides the points.
ALTER TABLE rewards ADD COLUMN article TEXT;
ALTER TABLE rewards ADD COLUMN variants TEXT CHECK (json_valid(coalesce(variants, 'null')));
ALTER TABLE rewards ADD COLUMN cash_part INTEGER CONSTRAINT rewards_cash_part CHECK (cash_part > 0);

-- down

ALTER TABLE rewards DROP COLUMN cash_part;
ALTER TABLE rewards DROP COLUMN variants;
ALTER TABLE rewards DROP COLUMN article;
