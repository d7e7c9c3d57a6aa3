"""Passports and visas: parse, verify, combine (GA4GH AAI OIDC Profile 1.2.1, Passport 1.2.1).

Read `verify.py` (the only maker of a Visa or Passport) and then `evaluate.py` (which visas count for whom).
"""
