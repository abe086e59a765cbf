"""Terms: rules with their conditions and effects, clauses, versions, and how versions differ."""
