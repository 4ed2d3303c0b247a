"""The way of one request: decided, answered, and told as what it came to."""
