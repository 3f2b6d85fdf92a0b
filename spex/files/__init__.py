"""Files that appear whole and tell when they were damaged, and their paths; no biology."""
