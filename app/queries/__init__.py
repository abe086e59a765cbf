"""What Troth can be asked: reads shaped for a screen; nothing here writes."""
