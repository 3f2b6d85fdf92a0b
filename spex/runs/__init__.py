"""What a data folder holds, and what identifies it."""
