"""Matrices to fits to scores."""
