"""An application for data, from its draft to the committee's answer. The answer itself: flows/decide_request.py."""
