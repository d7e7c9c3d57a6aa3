"""The log that others can check: entries, the RFC 6962 tree over them, and the C2SP formats at its edge."""
