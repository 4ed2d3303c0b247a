"""Quota readers: one file per signal."""
