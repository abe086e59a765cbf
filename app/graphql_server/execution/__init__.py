"""Prepared documents and the executor that answers them."""
