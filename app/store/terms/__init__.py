"""Tables of terms versions and of the budgets of clauses."""
