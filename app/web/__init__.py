"""What a server needs besides the API: GraphiQL, health checks, middleware, and limits on connections and turns."""
