"""Translations: one module or package per dialect."""
