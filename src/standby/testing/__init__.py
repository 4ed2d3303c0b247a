"""What stands in for the real thing in rehearsals and tests: a fake cloud with the real rules."""
