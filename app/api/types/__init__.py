"""The objects, connections and inputs of the schema that several operations share."""
