"""A local model as a candidate: its engine, a slot of it, and a request made ready for it."""
