"""The files that the program needs and may not ship."""
