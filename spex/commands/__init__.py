"""Command lines: parsed here, done by the rooms below."""
