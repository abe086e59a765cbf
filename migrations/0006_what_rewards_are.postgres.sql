-- What a reward gives, what there is to choose from, and what has to be paid besides the points.
ALTER TABLE rewards ADD COLUMN article text;
ALTER TABLE rewards ADD COLUMN variants json;
ALTER TABLE rewards ADD COLUMN cash_part bigint CONSTRAINT rewards_cash_part CHECK (cash_part > 0);

-- down

ALTER TABLE rewards DROP COLUMN cash_part;
ALTER TABLE rewards DROP COLUMN variants;
ALTER TABLE rewards DROP COLUMN article;
