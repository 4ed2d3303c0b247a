"""The cloud as a candidate: its quota, and what goes to it and comes back."""
