"""Mutations of terms and their impact previews."""
