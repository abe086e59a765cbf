"""Customers: identities, profiles, and the facts that rules require."""
