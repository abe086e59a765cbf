"""Queries: reads shaped for a screen; they write nothing."""
