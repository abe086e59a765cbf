"""Commands on a program, its locations, its clock and the limits of its staff."""
