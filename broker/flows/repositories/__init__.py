"""Repositories that serve their own bytes: they ask, hear what ended, and report what left."""
