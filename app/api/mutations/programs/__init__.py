"""Mutations of a program, its locations and its clock."""
