"""What is timed, against what, and how: one command each, a table on stdout and a JSON file beside it."""
