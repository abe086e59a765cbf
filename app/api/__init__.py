"""GraphQL, one file per concept: types, inputs, payloads, resolvers."""

# Enums of the domain are registered before anything can use one undescribed.
from app.api import enums as enums
from app.api import rule_enums as rule_enums
