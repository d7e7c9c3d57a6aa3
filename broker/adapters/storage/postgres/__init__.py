"""The same state in PostgreSQL: any number of processes write, one of them at a time puts the log in order."""
