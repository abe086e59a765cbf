"""Terms while they are written: clauses, checks, previews of their impact, publishing and taking back."""
