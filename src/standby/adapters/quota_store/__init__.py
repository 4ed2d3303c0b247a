"""Where every gateway of a team finds the same quota."""
