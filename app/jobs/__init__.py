"""Work beside requests; long computations run in processes of their own."""
