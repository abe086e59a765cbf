"""Commands on customers, households and mergers."""
