"""Everything that touches the outside world. One file or folder per technology; app.py alone wires them."""
