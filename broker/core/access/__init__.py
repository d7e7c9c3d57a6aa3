"""The life of an access request."""
