"""The stories of the authorization server: gather, ask core/oidc, record, act.

`token.py` is the door of the token endpoint; `authorize.py`, `device.py`, `introspect.py`, `revoke.py` and
`userinfo.py` are doors of their own.
"""
