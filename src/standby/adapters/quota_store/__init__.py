"""Where what is known of accounts outlives the process."""
