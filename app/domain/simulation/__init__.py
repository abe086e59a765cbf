"""A draft of terms replayed on the past: who gains, who loses, by how much."""
