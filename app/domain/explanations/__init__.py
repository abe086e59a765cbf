"""Explanations of decisions: a sentence for each reason and remedy, and a summary of one to three sentences."""
