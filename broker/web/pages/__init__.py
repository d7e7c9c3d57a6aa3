"""Pages for people: server-rendered, without script, usable by keyboard and screen reader."""
