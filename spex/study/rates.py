"""How fast the steps of a study are, measured once at full size: what its cost is told by before anything runs."""

from dataclasses import dataclass

GENES, COLUMNS, TISSUES = 22_826, 24_024, 218
"""Size of what was measured: all genes of the published table, the numbers of a tensor with contacts, all tissues."""


@dataclass(frozen=True)
class Rates:
    """Seconds that parts of the work take, of one core or of one GPU.

    cpu, gpu: what they were measured on. gene: of a core, the own windows of a gene. window: of a core, a window of a
    contacted bin that lies alone. gpu_gene, gpu_window: the same, of a GPU. host: of a core, whatever else a tensor
    takes, from FASTA to file. operations, gpu_operations: of ridge, floating-point multiplications with additions in a
    second. reading: of a core, a tensor on its way into the matrix. binning, growing: of a core, one feature of one
    gene put into bins for trees, and in one round of them. fit, fold: of a core, scores, files and pictures of a fit,
    and of a fold, which has no pictures. pooling: of a core, a gene in the scores of all folds together. shared, map:
    of a core, the comparison of `GENES` and `TISSUES`: what all maps share, and each map.
    """

    cpu: str
    gpu: str
    gene: float
    window: float
    gpu_gene: float
    gpu_window: float
    host: float
    operations: float
    gpu_operations: float
    reading: float
    binning: float
    growing: float
    fit: float
    fold: float
    pooling: float
    shared: float
    map: float


MEASURED = Rates(
    cpu="2 cores of an AMD EPYC, float32",
    gpu="NVIDIA H100, TF32",
    gene=2 * 1.46,
    window=2 * 0.050,
    gpu_gene=1 / 509,
    gpu_window=0.010 / 200,
    host=0.0045,
    operations=30e9,
    gpu_operations=2.6e12,
    reading=20 / GENES,
    binning=260 / (21_788 * COLUMNS),
    growing=4.9 / (21_788 * COLUMNS),
    fit=1.27,
    fold=0.16,
    pooling=12 / GENES,
    shared=2_340,
    map=1_155,
)
"""From benchmarks/RESULTS.md. Both cores were busy where it tells seconds of two. operations: 893 s for one split of
21,863 genes and five penalties, and 2,344 s for 22 folds of 22,826 genes, are 33 and 39 billion a second, in turns with
other programs; gpu_operations: those folds in 35.5 s."""
