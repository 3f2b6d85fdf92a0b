"""What determines a data folder's numbers, and the proof that a restart is the same run."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from expecto.network import PUBLISHED, Network
from spex.contacts.rules import EVERY_ONE, RULES, SHARED, make_rule, options_of, thresholds_in
from spex.errors import InputError, command, in_words, parameter, shown
from spex.files.checks import require_file
from spex.files.sealed import DamagedFileError, load_sealed_json, save_sealed_json
from spex.inputs.choices import GeneChoice, Reading
from spex.inputs.maps.reader import check_different, map_sha256, require_map
from spex.inputs.normalise import EXCLUDED, NO_CHROMOSOME
from spex.models.layout import Layout
from spex.options import options_in

FORMAT = 3  # version of the numbers: a change that alters any feature raises it, and old folders are then refused
FIELD_OF = {
    "genes": "genes_sha256",
    "genome": "genome_sha256",
    "network": "beluga_sha256",
    "maps": "maps_sha256",
    "rule": "contact_rule",
    "resolution": "hic_resolution",
}
"""Arguments whose field in run.json has another name."""
ARGUMENT_OF = {field: argument for argument, field in FIELD_OF.items() if field.endswith("sha256")}
"""Fields that stand for files."""

OF_RULE = (*dict.fromkeys(name for rule in RULES.values() for name in thresholds_in(rule)), *SHARED)
"""Fields that are options of the contact rule: max_dist, min_count, distance_edges, contact_weight."""

LATER = (
    *("value_column", "count_column", "contact_radius", "tss_rule", "exclude_chroms"),
    *("distance_edges", "contact_weight", "windows_per_bin"),
    *("network", "features", "bins"),
)
"""Fields that folders of 1.0.0 lack, and that are not written where they say nothing."""

OF_EVERY_CONTACT = {"distance_edges": "one group of contacts", "contact_weight": "contacts that count once each"}
"""What an option of the contact rule means where it is left out."""

HASH_SHOWN = 12


@dataclass(frozen=True)
class RunSettings:
    """The content of run.json: everything that determines a tensor's numbers, inputs by the SHA-256 of their content.

    maps_sha256: sorted, empty without contact maps; then rule, resolution (bp) and thresholds are None, as are
    thresholds of other rules. cache_dtype: of predictions that went through the prediction store. value_column,
    count_column, contact_radius: as of Reading; tss_rule, exclude_chroms: as of `genes_choice`; distance_edges (a
    list), contact_weight: as of the rule; None where they are left to their defaults. windows_per_bin: None for one.
    network: fields of a Network other than the published one. features, bins: of tensors that were made of features of
    another model, and of numbers of bins: source (name), sha256, width, names_sha256; genome and network are "" then.
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
    network: dict | None = None
    features: dict | None = None
    bins: dict | None = None

    @classmethod
    def of(cls, *, rule, resolution, reading=Reading(), **others):  # noqa: B008 (frozen)
        """Settings of a run with contact maps by a rule, or without any where `maps_sha256` is empty."""
        settings = cls(**others)
        if not settings.maps_sha256:
            return settings
        settings = replace(settings, contact_rule=rule.name, hic_resolution=resolution)
        return replace(settings, **options_of(rule, resolution, settings.window), **reading.given())

    def _given(self, names):
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @property
    def rule(self):
        """The contact rule; None without contact maps."""
        return make_rule(self.contact_rule, **self._given(OF_RULE)) if self.maps_sha256 else None

    @property
    def reading(self):
        """How the contact maps were read: Reading."""
        return Reading(**self._given(options_in(Reading)))

    def contact_options(self):
        """The options by which contact maps were used, argument -> value; none without maps."""
        names = {"contact_rule": "rule", "hic_resolution": "resolution"}
        given = self._given([*names, *OF_RULE, *options_in(Reading)])
        return {names.get(name, name): value for name, value in given.items()}

    @property
    def predictor(self):
        """The Network whose predictions the tensors are of; None where they are of features from a file."""
        return None if self.features else Network(**self.network) if self.network else PUBLISHED

    @property
    def window(self):
        """Length in bp of what a contacted bin is read by: a window of the network, or the bin itself."""
        return self.hic_resolution if self.features else self.predictor.window

    @property
    def layout(self):
        """Layout of a tensor, without names."""
        groups = len(self.distance_edges or [None]) if self.maps_sha256 else 0
        if self.features:
            return Layout(("own",), self.features["width"], self.bins["width"] if self.bins else 0, groups)
        return Layout.of_network(self.predictor, groups)

    @property
    def width(self):
        """Numbers of a tensor."""
        return self.layout.width

    def recorded(self):
        """What is kept of them: dict of JSON values, as earlier versions had them where nothing new is asked."""
        return {name: value for name, value in asdict(self).items() if name not in LATER or value is not None}

    @property
    def store_identity(self):
        """As `store_identity`, of this run."""
        if self.features:
            return {"format": FORMAT, "features": self.features, "bins": self.bins}
        return store_identity(self.genome_sha256, self.beluga_sha256, self.precision)


def genes_choice(choice):
    """A GeneChoice as RunSettings has it: None for what is left to its default."""
    return {
        "tss_rule": None if choice.tss_rule == GeneChoice.tss_rule else choice.tss_rule,
        "exclude_chroms": None if choice.excluded == EXCLUDED else list(choice.excluded),
    }


def store_identity(genome_sha256, beluga_sha256, precision):
    """What predictions depend on, and the prediction store is therefore keyed by: dict of JSON values."""
    hashes = {"genome_sha256": genome_sha256, "beluga_sha256": beluga_sha256}
    return {"format": FORMAT, **hashes, "precision": precision}


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
            "damaged or edited, so which settings made the tensors beside it is unknown",
            subject=folder.run_json,
            expected=f"the file as {command('tensors')} wrote it",
            hint=f"start again in another {parameter('data_folder')}",
        ) from error
    try:
        return RunSettings(**settings)
    except TypeError as error:
        strange = ", ".join(map(shown, sorted(settings.keys() ^ RunSettings.__dataclass_fields__.keys())))
        raise InputError(
            f"other settings than this version of the program knows ({strange})",
            subject=folder.run_json,
            hint=f"use the version that made it, or another {parameter('data_folder')}",
        ) from error


def claim_run(folder, settings, files=None):
    """Tie a data folder to the settings that determine its numbers, or refuse it when others made it.

    folder: DataFolder. settings: RunSettings. files: argument -> list of the paths that were given, for errors.

    Raises:
        InputError: run.json has other settings; names the first field that differs with both values, files by their
            paths where they are known and differ, or that one of the two is without a contact map.
    """
    check_run(folder, settings, files)
    folder.tensors.mkdir(parents=True, exist_ok=True)
    if not folder.run_json.exists():
        save_sealed_json(folder.run_json, {"settings": settings.recorded()}, once=True)
    check_run(folder, settings, files)  # of several first runs at once, one made the file


def check_run(folder, settings, files=None):
    """Refuse, without writing anything, a data folder that other settings made; errors as `claim_run`."""
    earlier = read_run_settings(folder)
    if earlier is None:
        return
    hint = f"give the same settings to go on, or another {parameter('data_folder')}"
    if bool(earlier.maps_sha256) != bool(settings.maps_sha256):
        one, other = ("with", "none") if earlier.maps_sha256 else ("without", "one")
        found = f"this folder was made {one} a contact map, and {other} is given now"
        raise InputError(found, subject=folder.run_json, hint=hint)
    for field in sorted(RunSettings.__dataclass_fields__):
        before, now = getattr(earlier, field), getattr(settings, field)
        if before != now:
            windows = " (earlier versions took one window from a bin wider than a window)"
            name, before, now = _named(folder, field, before, now, files or {})
            raise InputError(
                f"{name} was {before} when this folder was made and is {now} now"
                f"{windows if field == 'windows_per_bin' else ''}",
                subject=folder.run_json,
                hint=hint,
            )


def _named(folder, field, before, now, files):
    """What a field and its two values are called: files by their paths, by their hashes where the paths are the same,
    or not known."""
    argument = ARGUMENT_OF.get(field)
    if argument not in files:
        return field, json.dumps(before), json.dumps(now)
    made_from = _other_paths(folder, argument, before, files[argument])
    if made_from:
        return parameter(argument), made_from, in_words(files[argument])
    return f"{field} of {in_words(files[argument])}", _short(before), _short(now)


def _other_paths(folder, argument, digests, given):
    """Paths of what a folder was made from, in words; "" where they are not known, or are those that are given now."""
    paths = folder.paths_of(argument, [digests] if isinstance(digests, str) else digests)
    return "" if sorted(paths) == sorted(str(Path(each).absolute()) for each in given) else in_words(paths)


def _short(digests):
    """Hashes as messages show them."""
    return ", ".join(f"{each[:HASH_SHOWN]}..." for each in ([digests] if isinstance(digests, str) else digests))


def check_made_with(folder, given, hashes, defaults):
    """Refuse inputs and options, given once more, that a data folder's tensors were not made with.

    folder: DataFolder. given: argument (genes, genome, network, maps, resolution, max_dist, distance_edges,
    contact_weight, and those of `genes_choice`) -> path, list of paths, or option. hashes: KnownHashes. defaults:
    argument -> number that means nothing where the tensors were made without contact maps.

    Raises:
        InputError: the tensors were made with another one; names argument, run.json and both.
    """
    settings = read_run_settings(folder)
    for argument, value in given.items():
        field = FIELD_OF.get(argument, argument)
        found = _identity(field, value, hashes, argument)
        made = getattr(settings, field, found)
        means_nothing = argument in defaults and found == defaults[argument] and not settings.maps_sha256
        if made == found or means_nothing:
            continue
        files = value if argument == "maps" else [value]
        paths = _other_paths(folder, argument, made, files) if field in ARGUMENT_OF and made else ""
        made_with = paths or _in_words(field, made, found, settings)
        raise InputError(
            f"the tensors in {folder.root} were made with {made_with}, says {folder.run_json}",
            argument=argument,
            subject=value[0] if argument == "maps" else "the default" if value is None else in_words(value),
            hint=f"give the {parameter('data_folder')} that {command('tensors')} filled with this, or what that one "
            "was made with",
        )


def _identity(field, value, hashes, argument):
    """What run.json has of an argument's value: an option as it is, files by their hashes."""
    if field == "maps_sha256":
        digests = sorted(map_sha256(require_map(path), hashes) for path in value)
        check_different(value, hashes)
        return digests
    if field.endswith("sha256"):
        return hashes.sha256(require_file(value, argument))
    return None if field == "contact_weight" and value == EVERY_ONE else value


def _in_words(field, made, found, settings):
    """What tensors were made with instead of what was found."""
    if field == "maps_sha256":
        return f"{len(made)} other contact maps" if made else "sequence alone"
    if field.endswith("sha256"):
        return f"another file ({field} {_short(made)}, this one has {_short(found)})"
    if made is not None:
        return f"{field} {in_words(made) or NO_CHROMOSOME}"
    if field in genes_choice(GeneChoice()):
        return f"the default {field}"
    if not settings.maps_sha256:
        return "sequence alone"
    return OF_EVERY_CONTACT.get(field, f"the {settings.contact_rule} rule, which has none")
