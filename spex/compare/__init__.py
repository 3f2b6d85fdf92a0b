"""Whether a contact map adds anything to what the sequence around a gene tells of its expression."""
