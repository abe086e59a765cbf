"""Programs, their locations and the limits of their staff, as a client reads them."""
