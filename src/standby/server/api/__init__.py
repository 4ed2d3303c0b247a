"""The API: what standby knows of itself, versioned and described."""
