"""GraphQL, one file per concept: types, inputs, payloads, resolvers. A folder holds what is about one thing."""

# Enums of the domain are registered before anything can use one undescribed.
from app.api.conventions import enums as enums
from app.api.types.terms import rule_enums as rule_enums
