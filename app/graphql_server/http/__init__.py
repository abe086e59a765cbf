"""Requests read from HTTP, responses and errors written to it."""
