"""Mutations of customers, their households and mergers."""
