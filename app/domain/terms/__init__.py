"""Terms: clauses with conditions and effects, versions, validation, evaluation, and changes between versions."""
