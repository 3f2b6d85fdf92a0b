"""What a user hands in: read, checked, and turned into tables and arrays."""
