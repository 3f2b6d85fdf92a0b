"""What a study is: the content of study.yaml, checked, with every path and default in its place; and its commands.

A command is what follows `spex` when it is started in the study's folder. Inputs have their whole paths; what the
study makes is named from its folder, so that no result depends on where that is.
"""

from dataclasses import dataclass
from pathlib import Path

from spex.contacts.rules import make_rule
from spex.inputs.choices import Reading
from spex.options import options_in
from spex.runs.settings import OF_RULE

READING_OPTIONS = tuple(options_in(Reading))
SHEET_OPTIONS = ("hic_resolution", *READING_OPTIONS)
SEQUENCE_ALONE = "sequence alone"
"""What the study's work without any map is called, where maps have their names."""

CPU, GPU = "CPU", "CUDA"


@dataclass(frozen=True)
class StudyMap:
    """One contact map of a study.

    name: of its folder and in every table. files: of one experiment, whose counts are added. options: of `spex
    tensors`, name without dashes -> value or list of values (hic_resolution, contact_rule, min_count, ...). cell_type:
    tissue that is the map's own, by name or pattern; experiment, factor: free text; None where they are not given.
    """

    name: str
    files: tuple[Path, ...]
    options: dict
    cell_type: str | None = None
    experiment: str | None = None
    factor: str | None = None

    @property
    def rule(self):
        """Its contact rule."""
        return make_rule(self.options["contact_rule"], **_some(self.options, OF_RULE))

    @property
    def reading(self):
        """How its files are read: Reading."""
        return Reading(**_some(self.options, READING_OPTIONS))


@dataclass(frozen=True)
class StudyFit:
    """Fits that a study makes of each data folder. name: in tables. options: of `spex train`, as a StudyMap's."""

    name: str
    options: dict


@dataclass(frozen=True)
class Study:
    """A whole study.

    path: of study.yaml. out: folder of all results. genes, genome, weights: files; expression: one or
    several. gene_options, expression_options: of `spex tensors` and `spex train` (gene_type, tss_rule, exclude_chroms;
    value). tissues: (index from 1, name) of the expression's columns, in file order. comparison: options of `spex
    compare`. shards: jobs that the genes of a map are divided among. resources: step ("tensors", "train", "compare",
    "report") -> dict of threads, memory_mb, minutes, gpus. between: names of the maps that are compared between cells.
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
    between: tuple[str, ...] = ()

    @property
    def cache(self):
        """Prediction cache that all folders share."""
        return self.out / "pred_cache"

    @property
    def base_folder(self):
        """Data folder of sequence alone."""
        return self.out / "sequence_alone"

    def map_folder(self, name):
        """Data folder of the map of this name."""
        return self.out / "maps" / name

    @property
    def comparison_folder(self):
        """Folder that `spex compare` writes."""
        return self.out / "comparison"

    @property
    def between_folder(self):
        """Folder that `spex compare` writes of maps compared between cells."""
        return self.out / "between"

    @property
    def report(self):
        """The report, self-contained."""
        return self.out / "study.html"

    def inside(self, path):
        """A path within the study's folder, as its commands name it."""
        return path.relative_to(self.out).as_posix()

    @property
    def folders(self):
        """Its data folders, as its commands name them -> StudyMap; sequence alone comes first, with None."""
        of_maps = {self.inside(self.map_folder(each.name)): each for each in self.maps}
        return {self.inside(self.base_folder): None} | of_maps

    def tensors_command(self, folder, shard):
        """Makes a shard of a folder's tensors. folder: of `folders`. shard: from 0."""
        map_ = self.folders[folder]
        return _command(
            "tensors",
            data_folder=folder,
            genes_filename=self.genes,
            **self.gene_options,
            genome_filename=self.genome,
            beluga_model_filename=self.weights,
            pred_cache_folder=self.inside(self.cache),
            compute_platform=self._platform("tensors"),
            divisor=self.shards,
            reminder=shard,
            **({"mcool_filename": map_.files, **map_.options} if map_ else {}),
        )

    def train_command(self, folder, fit):
        """Makes one StudyFit of a folder, for all tissues. Sequence alone has no columns for penalties of their own."""
        left_out = () if self.folders[folder] else ("neighbour_penalties",)
        return _command(
            "train",
            data_folder=folder,
            **self._genes_and_expression,
            compute_platform=self._platform("train"),
            **{name: value for name, value in fit.options.items() if name not in left_out},
        )

    def compare_command(self):
        """Compares the maps."""
        return self._compare(self.maps, self.comparison_folder, **self.comparison)

    def between_command(self):
        """Compares the maps of `between` with what is different about their cells."""
        maps = [each for name in self.between for each in self.maps if each.name == name]
        options = {name: value for name, value in self.comparison.items() if name != "show_published"}
        return self._compare(maps, self.between_folder, between=True, **options)

    def _compare(self, maps, out, **options):
        folders = {self.inside(self.map_folder(each.name)): each for each in maps}
        cells = [f"{folder}={each.cell_type}" for folder, each in folders.items() if each.cell_type]
        return _command(
            *("compare", self.inside(self.base_folder), *folders),
            out=self.inside(out),
            **self._genes_and_expression,
            pred_cache_folder=self.inside(self.cache),
            mcool_filename=[path for each in maps for path in each.files],
            cell_type=cells or None,
            **options,
        )

    def sheet_command(self, map_, path):
        """Writes a map's data sheet, and beside it what maps are compared by. map_: StudyMap. path: of the sheet, JSON.

        Returns: list of str.
        """
        profile = Path(path).with_suffix(".npz").as_posix()
        options = self.gene_options | _some(map_.options, SHEET_OPTIONS)
        return _command("map", *map_.files, genes_filename=self.genes, **options, json=path, profile=profile)

    def report_command(self):
        """Writes the report."""
        return _command("study", "report", self.path)

    @property
    def _genes_and_expression(self):
        return {
            "genes_filename": self.genes,
            **self.gene_options,
            "gene_expression_filename": self.expression,
            **self.expression_options,
            "target_index": [index for index, _ in self.tissues],
        }

    def _platform(self, step):
        """Where a step computes. It is given each time, so that no number depends on what a node happens to have."""
        return GPU if self.resources[step]["gpus"] else CPU


def _some(options, names):
    """Those of some options that are given."""
    return {name: options[name] for name in names if name in options}


def _command(*arguments, **options):
    """A command as list of str. options: name -> value or several; True: the name alone; None and False: not given."""
    command = [*map(str, arguments)]
    for name, value in options.items():
        if value is None or value is False:
            continue
        command.append(f"--{name}")
        if value is not True:
            command += map(str, value if isinstance(value, list | tuple) else [value])
    return command
