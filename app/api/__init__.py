"""GraphQL: types, inputs, payloads and resolvers, one file for each concept."""

# The enums of the domain are registered, with descriptions, before any type can use one.
from app.api.conventions import enums as enums
from app.api.types.terms import rule_enums as rule_enums
