"""Where bytes lie; a module per kind of store."""
