"""The rehearsal of a switch-over, from its first word to its verdict."""
