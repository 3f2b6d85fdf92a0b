"""Motifs in the stretches of an interval whose bases matter most. memelite, which finds them, comes with an extra."""

import numpy as np
import pandas as pd

from expecto.network import BASES
from spex.errors import InputError, listed, not_installed
from spex.files.checks import require_file

STRETCH, MARGIN = 30, 10
"""bp of a stretch, and of what is scanned on either side of it."""
PER_GENE = 3
"""Stretches of an interval for each gene and tissue."""
THRESHOLD = 1e-4
"""p-value of a hit, by chance at one place and strand, of bases that are equally frequent."""
SCANNED = STRETCH + 2 * MARGIN

HITS = {
    **{"chrom": "string", "stretch_start": "int64", "stretch_end": "int64", "stretch_sum": "float64"},
    **{"gene_id": "string", "gene_name": "string", "tissue": "string", "model": "string", "motif": "string"},
    **{"start": "int64", "end": "int64", "strand": "string", "score": "float64", "p_value": "float64"},
}
"""Columns of the table of hits -> their type. Places are 0-based half-open."""


def read_motifs(path):
    """Motifs of a file in MEME's format: dict of name to float64 (4, length), probabilities of A, C, G, T.

    Raises:
        InputError: not such a file, or memelite is not installed.
    """
    about = {"argument": "motifs", "subject": require_file(path, "motifs")}
    expected = {"expected": "motifs in MEME's text format, of DNA"}
    try:
        from memelite.io import read_meme  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise not_installed("memelite", "finds motifs", "motifs", argument="motifs") from error
    try:
        motifs = read_meme(str(path))
    except (ValueError, IndexError, AttributeError) as error:
        raise InputError("a motif that cannot be read", **about, **expected) from error
    if not motifs:
        raise InputError("no motif in it", **about, **expected)
    for name, matrix in motifs.items():
        if not matrix.size or not np.allclose(matrix.sum(axis=0), 1, atol=0.01) or (matrix < 0).any():
            raise InputError(f"motif {listed([name])} whose rows do not add up to 1", **about, **expected)
    long = [name for name, matrix in motifs.items() if matrix.shape[1] > SCANNED]
    if long:
        raise InputError(f"{listed(long)} longer than {SCANNED} bp", **about, hint="leave them out")
    return motifs


def strongest(found):
    """The stretches that matter most to each gene and tissue, apart: DataFrame with the columns of `HITS` up to model.

    found: IntervalEffects.
    """
    rows, sizes = [], np.nan_to_num(np.abs(found.means))
    length = min(STRETCH, len(sizes))
    for gene, tissue in np.ndindex(sizes.shape[1:]):
        sums = np.convolve(sizes[:, gene, tissue], np.ones(length), "valid")
        for _ in range(PER_GENE):
            first = int(sums.argmax())
            if not sums[first] > 0:
                break
            place = found.interval.start + first
            fit = found.fits[tissue]
            names = (*found.genes.loc[gene, ["id", "symbol"]], fit.tissue, fit.name)
            rows.append((found.interval.chrom, place, place + length, sums[first], *names))
            sums[max(first - length + 1, 0) : first + length] = 0
    return pd.DataFrame(rows, columns=list(HITS)[:8])


def motif_hits(motifs, stretches, genome):
    """Places in the genome, in or by some stretches, that are like a motif: DataFrame with `HITS`.

    motifs: of `read_motifs`. stretches: of `strongest`. genome: Genome.
    """
    from memelite import fimo  # noqa: PLC0415

    order = [*(BASES.index(letter) for letter in "ACGT"), len(BASES)]
    one_hot = np.eye(len(BASES) + 1, dtype=np.int8)[:, order[:-1]]  # of N, zeros
    middles = (stretches["stretch_start"] + stretches["stretch_end"]) // 2 - SCANNED // 2
    places = pd.DataFrame({"chrom": stretches["chrom"], "first": middles})
    each = places.drop_duplicates(ignore_index=True)
    if each.empty:
        return pd.DataFrame(columns=list(HITS))
    codes = [genome.codes(place.chrom, place.first, place.first + SCANNED) for place in each.itertuples()]
    found = pd.concat(fimo(motifs, one_hot[np.stack(codes)].transpose(0, 2, 1).copy(), threshold=THRESHOLD))
    found = found.rename(columns={"motif_name": "motif", "p-value": "p_value"})
    at = found["sequence_name"].to_numpy(np.int64)
    first = each["first"].to_numpy()[at]
    found = found.assign(
        chrom=each["chrom"].to_numpy()[at], first=first, start=found["start"] + first, end=found["end"] + first
    )
    found = found.drop(columns=["sequence_name", "motif_idx"])
    hits = stretches.assign(first=middles).merge(found, on=["chrom", "first"])
    touching = (hits["start"] < hits["stretch_end"]) & (hits["end"] > hits["stretch_start"])
    return hits.loc[touching, list(HITS)]
