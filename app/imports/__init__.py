"""Import of records of another system: they are read and planned first, then recorded by the same use cases as a till's."""
