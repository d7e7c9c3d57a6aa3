"""HTTP in, HTTP out. Parses, calls one flow, renders. No rules here."""
