"""The schema as graphql-core executes and prints it, and direct calls of its resolvers."""
