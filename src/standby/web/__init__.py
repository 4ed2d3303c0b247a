"""The dashboard: pages over use cases. Empty for now."""
