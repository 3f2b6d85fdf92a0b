"""What a user provides: read, checked, and turned into tables and arrays."""
