"""What determines a data folder's numbers, and the proof that a restart is the same run."""

import json
from dataclasses import asdict, dataclass, fields

from expecto.gene_features import tensor_length
from expecto.network import BELUGA
from spex.contacts.rules import EVERY_ONE, make_rule, options_of
from spex.errors import InputError, in_words, parameter, shown
from spex.files.checks import require_file
from spex.files.sealed import DamagedFileError, load_sealed_json, save_sealed_json
from spex.inputs.chromosomes import EXCLUDED, NO_CHROMOSOME
from spex.inputs.maps.reader import Reading, check_different, map_sha256, require_map

FORMAT = 1
"""Version of the numbers: a change that alters any feature raises it, and old folders are then refused."""

FIELD_OF = {
    "genes": "genes_sha256",
    "genome": "genome_sha256",
    "network": "beluga_sha256",
    "maps": "maps_sha256",
    "resolution": "hic_resolution",
}
"""Arguments whose field in run.json has another name."""

OF_RULE = ("max_dist", "min_count", "distance_edges", "contact_weight")
"""Fields that are options of the contact rule."""

LATER = (
    *("value_column", "count_column", "contact_radius", "tss_rule", "exclude_chroms"),
    *("distance_edges", "contact_weight", "windows_per_bin"),
)
"""Fields that folders of 1.0.0 lack, and that are not written where they say nothing."""

REASONS = {"windows_per_bin": "earlier versions took one window from a bin wider than a window"}
"""What is told of a field that no option changes."""

HASH_SHOWN = 12


@dataclass(frozen=True)
class RunSettings:
    """The content of run.json: everything that determines a tensor's numbers, inputs by the SHA-256 of their content.

    maps_sha256: sorted, empty without contact maps; then rule, resolution (bp) and thresholds are None, as are
    thresholds of other rules. cache_dtype: of predictions that went through the prediction store. value_column,
    count_column, contact_radius: as of Reading; tss_rule, exclude_chroms: as of `genes_choice`; distance_edges (a
    list), contact_weight: as of the rule; None where they are left to their defaults. windows_per_bin: None for one.
    """

    genes_sha256: str
    genome_sha256: str
    beluga_sha256: str
    maps_sha256: list[str]
    precision: str
    cache_dtype: str = "float32"
    contact_rule: str | None = None
    hic_resolution: int | None = None
    max_dist: float | None = None
    min_count: float | None = None
    format: int = FORMAT
    value_column: str | None = None
    count_column: int | str | None = None
    contact_radius: float | None = None
    tss_rule: str | None = None
    exclude_chroms: list[str] | None = None
    distance_edges: list[float] | None = None
    contact_weight: str | None = None
    windows_per_bin: int | None = None

    @classmethod
    def of(cls, *, rule, resolution, reading=Reading(), **others):  # noqa: B008 (frozen)
        """Settings of a run with contact maps by a rule, or without any where `maps_sha256` is empty."""
        if not others["maps_sha256"]:
            return cls(**others)
        return cls(
            **others,
            contact_rule=rule.name,
            hic_resolution=resolution,
            **options_of(rule, resolution),
            **reading.given(),
        )

    @property
    def rule(self):
        """The contact rule; None without contact maps."""
        options = {name: getattr(self, name) for name in OF_RULE}
        given = {name: value for name, value in options.items() if value is not None}
        return make_rule(self.contact_rule, **given) if self.maps_sha256 else None

    @property
    def width(self):
        """Numbers of a tensor."""
        groups = len(self.distance_edges or [None])
        return tensor_length(BELUGA, groups if self.maps_sha256 else 0)

    @property
    def reading(self):
        """How the contact maps were read: Reading."""
        given = {field.name: getattr(self, field.name) for field in fields(Reading)}
        return Reading(**{name: value for name, value in given.items() if value is not None})

    def recorded(self):
        """What is kept of them: dict of JSON values, as earlier versions had them where nothing new is asked."""
        return {name: value for name, value in asdict(self).items() if name not in LATER or value is not None}

    @property
    def store_identity(self):
        """As `store_identity`, of this run."""
        return store_identity(self.genome_sha256, self.beluga_sha256, self.precision)


def genes_choice(tss_rule, excluded):
    """How genes were chosen from their file, as RunSettings has it: None for what is left to its default.

    tss_rule: as of `inputs.genes.read_gene_table`. excluded: from `inputs.chromosomes.excluded_chromosomes`.
    """
    return {
        "tss_rule": None if tss_rule == "auto" else tss_rule,
        "exclude_chroms": None if excluded == EXCLUDED else list(excluded),
    }


def store_identity(genome_sha256, beluga_sha256, precision):
    """What predictions depend on, and the prediction store therefore goes by: dict of JSON values."""
    return {
        "format": FORMAT,
        "genome_sha256": genome_sha256,
        "beluga_sha256": beluga_sha256,
        "precision": precision,
    }


def read_run_settings(folder):
    """The RunSettings that made a data folder's tensors, or None where no run.json is.

    Raises:
        InputError: run.json is damaged, was edited by hand, or is of another version of this program.
    """
    try:
        settings = load_sealed_json(folder.run_json)["settings"]
    except FileNotFoundError:
        return None
    except (DamagedFileError, KeyError) as error:
        raise InputError(
            "damaged or edited, so it cannot be told which settings made the tensors beside it",
            subject=folder.run_json,
            expected="the file as tensors.py wrote it",
            hint=f"start again in another {parameter('data_folder')}",
        ) from error
    known = {field.name for field in fields(RunSettings)}
    try:
        return RunSettings(**settings)
    except TypeError as error:
        strange = ", ".join(map(shown, sorted(settings.keys() ^ known)))
        raise InputError(
            f"other settings than this version of the program knows ({strange})",
            subject=folder.run_json,
            hint=f"use the version that made it, or another {parameter('data_folder')}",
        ) from error


def claim_run(folder, settings):
    """Tie a data folder to the settings that determine its numbers, or refuse it when others made it.

    folder: DataFolder. settings: RunSettings.

    Raises:
        InputError: run.json holds other settings; names the first field that differs with both values.
    """
    check_run(folder, settings)
    folder.tensors.mkdir(parents=True, exist_ok=True)
    if not folder.run_json.exists():
        save_sealed_json(folder.run_json, {"settings": settings.recorded()}, once=True)
    check_run(folder, settings)  # of several first runs at once, one made the file


def check_run(folder, settings):
    """Refuse, without writing anything, a data folder that other settings made; errors as `claim_run`."""
    earlier = read_run_settings(folder)
    if earlier is None:
        return
    for field in sorted(field.name for field in fields(RunSettings)):
        before, now = getattr(earlier, field), getattr(settings, field)
        if before != now:
            reason = f" ({REASONS[field]})" if field in REASONS else ""
            raise InputError(
                f"{field} was {json.dumps(before)} when this folder was made and is {json.dumps(now)} now{reason}",
                subject=folder.run_json,
                hint=f"give the same settings to go on, or another {parameter('data_folder')}",
            )


def check_made_with(folder, given, hashes, defaults):
    """Refuse inputs and thresholds, named for once more, that a data folder's tensors were not made with.

    folder: DataFolder. given: argument (genes, genome, network, maps, resolution, max_dist, distance_edges,
    contact_weight) -> path, list of paths, or option, as far as the user named them. hashes: KnownHashes. defaults:
    argument -> number that says nothing where the tensors were made without contact maps.

    Raises:
        InputError: the tensors were made with another one; names argument, run.json and both.
    """
    settings = read_run_settings(folder)
    for argument, value in given.items():
        found = _identity(argument, value, hashes)
        if settings is None:
            continue
        field = FIELD_OF.get(argument, argument)
        made = getattr(settings, field)
        if made == found or (not settings.maps_sha256 and found == defaults.get(argument)):
            continue
        raise InputError(
            f"the tensors in {folder.root} were made with {_in_words(argument, made, found, settings)}, says "
            f"{folder.run_json}",
            argument=argument,
            subject=value[0] if argument == "maps" else in_words(value),
            hint=f"give the {parameter('data_folder')} that tensors.py filled with this, or what that one was made "
            "with",
        )


def check_genes_choice(folder, tss_rule, excluded):
    """Refuse another choice of genes from their file than a data folder's tensors were made with.

    folder: DataFolder. tss_rule, excluded: as of `genes_choice`.

    Raises:
        InputError: the tensors were made with another one; names argument, run.json and both.
    """
    settings = read_run_settings(folder)
    for argument, now in genes_choice(tss_rule, excluded).items() if settings else ():
        made = getattr(settings, argument)
        if made != now:
            raise InputError(
                f"{_choice_in_words(now)}, but the tensors in {folder.root} were made with {_choice_in_words(made)}, "
                f"says {folder.run_json}",
                argument=argument,
                hint="give what they were made with",
            )


def _choice_in_words(value):
    """A value of `genes_choice`."""
    if value is None:
        return "the default"
    return value if isinstance(value, str) else " ".join(value) or NO_CHROMOSOME


def _identity(argument, value, hashes):
    """What run.json has of an argument's value: a number as it is, files by their hashes."""
    if not FIELD_OF.get(argument, argument).endswith("sha256"):
        return None if argument == "contact_weight" and value == EVERY_ONE else value
    if argument != "maps":
        return hashes.sha256(require_file(value, argument))
    digests = sorted(map_sha256(require_map(path), hashes) for path in value)
    check_different(value, hashes)
    return digests


def _in_words(argument, made, found, settings):
    """What tensors were made with instead of what was given."""
    if argument == "maps":
        return f"{len(made)} other contact maps" if made else "sequence alone"
    field = FIELD_OF.get(argument, argument)
    if field.endswith("sha256"):
        return f"another file ({field} {made[:HASH_SHOWN]}..., this one has {found[:HASH_SHOWN]}...)"
    if made is not None:
        return f"{field} {in_words(made)}"
    if settings.maps_sha256 and argument in ("distance_edges", "contact_weight"):
        return "one group of contacts" if argument == "distance_edges" else "contacts that count once each"
    return f"the {settings.contact_rule} rule, which has none" if settings.maps_sha256 else "sequence alone"
