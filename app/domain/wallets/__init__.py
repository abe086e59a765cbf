"""The event-sourced wallet: events in order of business time, whatever the order in which they were recorded."""
