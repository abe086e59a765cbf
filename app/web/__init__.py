"""What a browser or a watchdog asks for: GraphiQL and health."""
