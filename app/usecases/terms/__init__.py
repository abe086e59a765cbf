"""Commands on terms and their impact previews."""
