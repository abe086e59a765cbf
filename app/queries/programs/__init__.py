"""Reads of programs, locations and access keys."""
