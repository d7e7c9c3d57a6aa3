"""What did participants, families and communities agree to, and does a use fit it? Start with `judge.py`."""
