"""Telling people what happened: stored with what happened, and then sent as often as it takes (core/notices.py)."""
