"""Hot standby: conversations are read by a local engine before they need it."""
