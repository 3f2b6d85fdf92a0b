"""What a study is: the content of study.yaml, checked, with every path and default in its place."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StudyMap:
    """One contact map of a study.

    name: of its folder and in every table. files: of one experiment, whose counts are added. options: of `spex
    tensors`, name without dashes -> value or list of values (hic_resolution, contact_rule, min_count, ...). cell_type:
    tissue that is the map's own, by name or pattern; experiment, factor: free text; None where they are not told.
    """

    name: str
    files: tuple[Path, ...]
    options: dict
    cell_type: str | None = None
    experiment: str | None = None
    factor: str | None = None


@dataclass(frozen=True)
class StudyFit:
    """Fits that a study makes of each data folder. name: in tables. options: of `spex train`, name -> value or list
    (model, params, repeats, cv, neighbour_penalties, ...)."""

    name: str
    options: dict


@dataclass(frozen=True)
class Study:
    """A whole study.

    path: of study.yaml. out: folder of everything that is made. genes, genome, weights: files; expression: one or
    several. gene_options, expression_options: of `spex tensors` and `spex train` (gene_type, tss_rule, exclude_chroms;
    value). tissues: (index from 1, name) of the expression's columns, in file order. comparison: options of `spex
    compare`. shards: jobs that the genes of a map are divided among. resources: step ("tensors", "train", "compare",
    "report") -> dict of threads, memory_mb, minutes, gpus.
    """

    path: Path
    out: Path
    genes: Path
    genome: Path
    weights: Path
    expression: tuple[Path, ...]
    gene_options: dict
    expression_options: dict
    tissues: tuple[tuple[int, str], ...]
    maps: tuple[StudyMap, ...]
    fits: tuple[StudyFit, ...]
    comparison: dict
    shards: int
    resources: dict

    @property
    def cache(self):
        """Prediction cache that all folders share."""
        return self.out / "pred_cache"

    @property
    def base_folder(self):
        """Data folder of sequence alone."""
        return self.out / "sequence_alone"

    def map_folder(self, name):
        """Data folder of a map. name: of the map."""
        return self.out / "maps" / name

    @property
    def comparison_folder(self):
        """Folder that `spex compare` writes."""
        return self.out / "comparison"

    @property
    def report(self):
        """The report, self-contained."""
        return self.out / "study.html"
