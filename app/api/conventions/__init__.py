"""What every part of the schema keeps to: scalars, enums, ids, pages, money, the caller, and what a mutation returns."""
