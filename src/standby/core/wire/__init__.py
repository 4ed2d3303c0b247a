"""The words of the Messages API: frames, headers, errors, JSON."""
