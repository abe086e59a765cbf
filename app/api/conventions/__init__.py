"""What every part of the schema keeps to: scalars, enums, ids, pages, money, who asks, and how a mutation answers."""
