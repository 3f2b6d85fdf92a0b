"""What is written about a gene's elements: a table, tracks for genome browsers, a picture of each gene."""

from spex.reports.elements.picture import draw_gene
from spex.reports.elements.tracks import require_bigwig, write_tracks

__all__ = ["draw_gene", "require_bigwig", "write_tracks"]
