-- Cards of 11 to 14 digits that end with the check digit of GS1 are one with and without zeros in front: they are kept
-- with 12 digits (UPC-A), or as many more as they have. E-mail addresses are kept without invisible marks. Where two
-- customers had the same one in two spellings, the one in the new spelling, or else the older one, is found by it from
-- now on; the other stays as it was, so that nobody loses points.
WITH numbers AS (
    SELECT program_id, id, value, ltrim(value, '0') AS digits, substr('00000000000000' || value, -14) AS padded
    FROM identities
    WHERE kind = 'CARD' AND length(value) BETWEEN 11 AND 14 AND value NOT GLOB '*[^0-9]*'
), codes AS (
    SELECT program_id, id, value,
        CASE WHEN length(digits) > 12 THEN digits ELSE substr('000000000000' || digits, -12) END AS code
    FROM numbers
    WHERE (
        3 * (substr(padded, 1, 1) + substr(padded, 3, 1) + substr(padded, 5, 1) + substr(padded, 7, 1)
            + substr(padded, 9, 1) + substr(padded, 11, 1) + substr(padded, 13, 1))
        + substr(padded, 2, 1) + substr(padded, 4, 1) + substr(padded, 6, 1) + substr(padded, 8, 1)
        + substr(padded, 10, 1) + substr(padded, 12, 1) + substr(padded, 14, 1)
    ) % 10 = 0
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
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            value,
            char(0x00AD), ''), char(0x200B), ''), char(0x200C), ''), char(0x200D), ''), char(0x200E), ''),
            char(0x200F), ''), char(0x202A), ''), char(0x202B), ''), char(0x202C), ''), char(0x202D), ''),
            char(0x202E), ''), char(0x2060), ''), char(0x2066), ''), char(0xFEFF), '') AS address
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
