"""What happens to a grant between its beginning and its end (core/access/grants.py). It comes by decide_request.py."""
