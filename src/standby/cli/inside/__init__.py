"""What works inside the client: the words behind ``/standby``, and the tools of our MCP server.

All of it is our own commands, run and read: inside the client they say what they say outside.
"""
