"""Decisions in words: what each reason says, what would help, and the whole in one to three sentences."""
