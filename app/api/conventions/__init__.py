"""The conventions of every part of the schema: scalars, enums, ids, pages, money, the caller, and what a mutation returns."""
