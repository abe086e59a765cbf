"""Bringing in what another system recorded: read and planned first, then carried out by the same use cases as a till's."""
