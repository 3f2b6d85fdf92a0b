"""Pixels of a contact map to the bins that each TSS touches."""
