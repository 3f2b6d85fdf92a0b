"""Files that appear whole and show when they were damaged, and their paths; no biology."""
