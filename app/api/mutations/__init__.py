"""The mutations: one file for each, named like it, with its input and its payload."""
