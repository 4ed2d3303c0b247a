"""Work that must not leave this machine, seen at the socket: not a connection, not a byte.

Between the gateway and the cloud, which is well, stands a gate that counts what is accepted and
what comes, whatever it is. The client is the real one; where it cannot ask for something by itself,
a plain client does beside it.
"""
