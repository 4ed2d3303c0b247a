"""How families of models write tool calls as text: one file each."""
