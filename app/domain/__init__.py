"""The rules: pure and synchronous. What is decided here is what the terms say."""
