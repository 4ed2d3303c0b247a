"""What is known of local models."""
