"""What Troth can be told to do: one verb per file, one transaction each."""
