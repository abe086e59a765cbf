"""A change of the terms: better or worse, the notice it needs, what may be unfair, what it would have come to."""
