"""Reads of published terms, drafts and impact previews."""
