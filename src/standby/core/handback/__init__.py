"""What must go when a mixed conversation returns to the cloud."""
