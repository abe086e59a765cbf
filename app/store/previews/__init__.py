"""Tables of impact previews, and the past that they replay."""
