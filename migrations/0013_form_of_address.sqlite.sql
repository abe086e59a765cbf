-- German addresses members with Sie or du, as the owner of a program chooses.
ALTER TABLE programs ADD COLUMN form_of_address TEXT NOT NULL DEFAULT 'FORMAL'
    CONSTRAINT programs_form_of_address CHECK (form_of_address IN ('FORMAL', 'INFORMAL'));

-- down

ALTER TABLE programs DROP COLUMN form_of_address;
