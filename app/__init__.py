"""Troth, a loyalty-program backend that keeps its word."""
