"""Anthropic Messages to OpenAI chat completions, and back; split by content."""
