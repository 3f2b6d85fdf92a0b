"""Sequence and contacts to the features of genes."""
