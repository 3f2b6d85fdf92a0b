"""What a data folder contains, and what identifies it."""
