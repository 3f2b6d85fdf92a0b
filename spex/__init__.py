"""Genome-side inputs, files and learning of SpEx (Chiliński et al., Sci Rep 13:11693, 2023)."""

__version__ = "1.1.0"
