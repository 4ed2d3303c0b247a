"""Where measures of each request are sent, when a person has said where."""
