"""Pixels of a contact map to the contacted bins of each TSS."""
