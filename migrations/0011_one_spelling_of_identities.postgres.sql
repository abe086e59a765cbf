-- Cards of 11 to 14 digits that end with the check digit of GS1 are one with and without zeros in front: they are kept
-- with 12 digits (UPC-A), or as many more as they have. E-mail addresses are kept without invisible marks. Where two
-- customers had the same one in two spellings, the one in the new spelling, or else the older one, is found by it from
-- now on; the other stays as it was, so that nobody loses points.
WITH numbers AS (
    SELECT program_id, id, value, ltrim(value, '0') AS digits, lpad(value, 14, '0') AS padded
    FROM identities
    WHERE kind = 'CARD' AND value ~ '^[0-9]{11,14}$'
), codes AS (
    SELECT program_id, id, value, CASE WHEN length(digits) > 12 THEN digits ELSE lpad(digits, 12, '0') END AS code
    FROM numbers
    WHERE (
        SELECT sum(substr(padded, place, 1)::integer * CASE WHEN place % 2 = 1 THEN 3 ELSE 1 END) % 10 = 0
        FROM generate_series(1, 14) AS place
    )
), ranked AS (
    SELECT program_id, id, code,
        row_number() OVER (PARTITION BY program_id, code ORDER BY value <> code, id) AS place
    FROM codes
)
UPDATE identities SET value = ranked.code FROM ranked
WHERE ranked.place = 1 AND identities.program_id = ranked.program_id AND identities.id = ranked.id
    AND identities.value <> ranked.code;

WITH addresses AS (
    SELECT program_id, id, value,
        regexp_replace(value, '[\u00AD\u200B-\u200F\u202A-\u202E\u2060\u2066\uFEFF]', '', 'g') AS address
    FROM identities
    WHERE kind = 'EMAIL'
), ranked AS (
    SELECT program_id, id, address,
        row_number() OVER (PARTITION BY program_id, address ORDER BY value <> address, id) AS place
    FROM addresses
)
UPDATE identities SET value = ranked.address FROM ranked
WHERE ranked.place = 1 AND identities.program_id = ranked.program_id AND identities.id = ranked.id
    AND identities.value <> ranked.address AND ranked.address <> '';

-- down

-- How an identity was spelled before is not known any more; the earlier version finds it as it is.
SELECT 1;
