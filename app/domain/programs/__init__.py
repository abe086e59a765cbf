"""Programs: their locations, access keys and limits for staff."""
