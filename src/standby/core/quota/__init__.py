"""What the cloud says about quota, and what follows."""
