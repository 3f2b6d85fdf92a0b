"""Contact maps, one module a format."""
