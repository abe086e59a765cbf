-- How far the clock of a program is ahead of the server's: a sandbox's may be moved forward, a live one's never is.
ALTER TABLE programs ADD COLUMN clock_offset_seconds INTEGER NOT NULL DEFAULT 0
    CONSTRAINT programs_clock_ahead CHECK (clock_offset_seconds >= 0 AND (kind = 'SANDBOX' OR clock_offset_seconds = 0));

-- down

ALTER TABLE programs DROP COLUMN clock_offset_seconds;
