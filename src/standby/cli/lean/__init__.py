"""What has to be there in a blink: a status line, printed every few seconds by a new process.

Nothing here imports click, orjson, dataclasses or typing, nor anything of ours that does: each
takes longer than all that there is to do.
"""
