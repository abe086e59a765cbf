"""The ledger's pure core against a plain reference, in every order, step by step."""
