"""What can be done: one file per mutation, named like it, with its input and its payload."""
