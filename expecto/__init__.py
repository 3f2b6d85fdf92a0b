"""The published model as computation on arrays, and the constants that its checkpoint fixes.

Zhou et al., Nat Genet 50:1171 (2018), doi 10.1038/s41588-018-0160-6. Nothing here knows a file of the genome.
"""

BASES = "AGCT"
"""Order of the network's input channels; base codes are positions in this string, 4 is any other letter."""

UNKNOWN_BASE = 4
"""Base code of N, of IUPAC letters and of what lies past a chromosome's end: four zeros to the network."""

WINDOW_SIZE = 2000
"""Length in bp of the sequence that one prediction sees."""

CHROMATIN_FEATURES = 2002
"""Chromatin features predicted for each window."""

BIN_SIZE = 200
"""Distance in bp between the centres of neighbouring windows of a gene."""

TENSOR_WIDTH = 10
"""Weighted sums per chromatin feature: five decay rates upstream, five downstream."""
