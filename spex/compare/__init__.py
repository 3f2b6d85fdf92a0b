"""Whether a contact map adds anything to what the sequence around a gene predicts of its expression."""
