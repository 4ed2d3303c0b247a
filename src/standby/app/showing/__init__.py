"""What people and machines are shown: each is one look at what others know, and changes nothing."""
