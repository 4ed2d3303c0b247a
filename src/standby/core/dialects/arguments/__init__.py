"""The arguments of a tool call as models write them: read, mended, fitted to the tool's schema.

Nothing is ever invented: a value that is not there stays missing, and the schema says so.
"""
