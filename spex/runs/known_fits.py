"""What is kept beside saved ridge fits that says how sure their effects are: the training tensors, and the folds."""

import logging
from dataclasses import dataclass, field

import numpy as np

from spex.errors import count
from spex.files.hashes import json_digest
from spex.files.sealed import DamagedFileError
from spex.inputs.genes import read_cached_genes
from spex.models.gram import Penalties
from spex.models.registry import MODELS
from spex.models.ridge import columns_apart
from spex.models.splits import split_by_chromosome
from spex.runs import records
from spex.runs.folder import DataFolder
from spex.runs.predict import RIDGE, ChosenFit, load_fit, model_files
from spex.runs.settings import read_run_settings
from spex.runs.tensors import genes_with_tensor, layout_of, read_again, read_features

OF_FOLDS = MODELS[RIDGE].shared_settings
OF_SPLIT = ("split", "test_chroms", "validation_chroms", "bootstrap", "device", *OF_FOLDS)
"""Settings that differ between a fit and a fold of the same model and tissue."""

logger = logging.getLogger("spex")


class _UnknownError(Exception):
    """Why nothing is known, in words."""


@dataclass(frozen=True, eq=False)
class TrainedOn:
    """The tensors that ridge was trained on; one object for all fits that share them. ids: of all genes. width,
    neighbours: numbers of a tensor, and those that have a penalty of their own. rows: positions of training genes."""

    folder: DataFolder
    ids: list[str]
    sha256: str
    width: int
    neighbours: int
    rows: np.ndarray

    def read(self):
        """Features, float32 (ids, width).

        Raises:
            InputError: tensors that are damaged, or others by now.
        """
        return read_again(self.folder, self.ids, self.width, self.sha256)


@dataclass(frozen=True, eq=False)
class KnownFit:
    """What is known of one fit. rmse: of its training genes. trained_on, penalties: None where no standard deviation
    can be computed. folds: empty where none are kept."""

    fit: ChosenFit
    rmse: float = np.nan
    trained_on: TrainedOn | None = None
    penalties: Penalties | None = None
    folds: list[ChosenFit] = field(default_factory=list)


def find_known(fits):
    """Look for what is kept of models, and log for which ones something is missing, and why.

    fits: list of ChosenFit. Returns: list of KnownFit.
    """
    places = [each.folder.absolute() for each in fits]
    beside = {results: records.read_all(results) for results in {place.parent for place in places}}
    finder, known, lacking = _Finder(), [], {}
    for each, place in zip(fits, places, strict=True):
        found = {}
        for column, find in (("effect_sd", finder.training), ("sign_agrees", finder.folds)):
            try:
                if each.model != RIDGE:
                    raise _UnknownError(f"it is of {each.model}, and only {RIDGE} has it")
                found |= find(place, beside[place.parent])
            except _UnknownError as reason:
                lacking.setdefault((column, str(reason)), []).append(each.name)
        known.append(KnownFit(each, **found))
    for (column, reason), names in lacking.items():
        logger.warning("%s is empty for %s (such as %s): %s", column, count(len(names), "model"), names[0], reason)
    return known


def known_identity(known):
    """What standard deviations and folds depend on, beside the models themselves: JSON values."""
    tensors = [each.trained_on and each.trained_on.sha256 for each in known]
    return {"tensors": tensors, "folds": json_digest([[fold.sha256 for fold in each.folds] for each in known], 64)}


class _Finder:
    """Finds what is kept of fits, the same tensors once. Its methods return fields of KnownFit.

    place: Path of the fit. beside: folder -> record, of all fits there.
    """

    def __init__(self):
        self._genes, self._trained_on = {}, {}

    def training(self, place, beside):
        settings, record = beside[place]["settings"], beside[place]
        if settings.items() >= OF_FOLDS.items():
            raise _UnknownError("it is a fold of a cross-validation, standardised over other genes than its own")
        try:
            chosen = (record["chosen"]["penalty"], record["chosen"].get("neighbour_penalty"))
            history = record["history"]
            offered = history["penalty"], history.get("neighbour_penalty", [None] * len(history["penalty"]))
            rmse = history["train"][[*zip(*offered, strict=True)].index(chosen)]
            chroms = settings["test_chroms"], settings["validation_chroms"]
            key = (place.parents[1], settings["tensors_sha256"], str(chroms), str(settings["parameters"]))
            if key not in self._trained_on:
                self._trained_on[key] = self._find(place.parents[1], settings, chroms)
        except (KeyError, TypeError, ValueError, OSError) as error:
            reason = "what it was trained on is not kept, or has changed; run its spex train command again"
            raise _UnknownError(reason) from error
        return {"rmse": rmse, "trained_on": self._trained_on[key], "penalties": Penalties(*chosen)}

    def _find(self, root, settings, chroms):
        """TrainedOn of a fit. root: its data folder. chroms: of test, and of validation."""
        sha256 = settings["tensors_sha256"]
        if (root, sha256) not in self._genes:
            self._genes[root, sha256] = self._same_genes(DataFolder(root), sha256, settings["width"])
        folder, genes = self._genes[root, sha256]
        neighbours = layout_of(folder, read_run_settings(folder), genes["id"]).neighbours
        apart, rows = columns_apart(settings["parameters"], neighbours), split_by_chromosome(genes["chrom"], *chroms)
        return TrainedOn(folder, genes["id"].tolist(), sha256, settings["width"], apart, rows.train)

    @staticmethod
    def _same_genes(folder, sha256, width):
        """The data folder, and the genes whose tensors have a hash: DataFrame with id, chrom."""
        genes = records.read_genes(folder.results, sha256)
        if genes is None:  # of an earlier version, which kept no list of them: all, if they are the same
            genes = read_cached_genes(folder.cached_genes)
            genes = genes[genes_with_tensor(folder, genes)]
        if read_features(folder, genes["id"], width)[1] != sha256:
            raise ValueError
        return folder, genes

    def folds(self, place, beside):
        settings = beside[place]["settings"]
        own = _of_all_splits(settings)
        alike = [(path, record) for path, record in beside.items() if _of_all_splits(record["settings"]) == own]
        folds = {_chroms(record["settings"]): (path, record) for path, record in alike if model_files(record)}
        pooled = [record["settings"] for _, record in alike if record["settings"].get("split", "").startswith("cv-")]
        for each in sorted(pooled, key=lambda each: -len(each["test_chroms"])):
            pairs = zip(each["test_chroms"], each["validation_chroms"], strict=True)
            mine = [folds.get((*map(str, pair), True)) for pair in pairs]
            try:
                if all(mine):
                    return {"folds": [load_fit(*fold, settings["width"]) for fold in mine]}
            except (DamagedFileError, OSError):
                continue
        raise _UnknownError(
            "no whole folds of the same model and tissue are beside it; spex train --cv chromosomes makes them"
        )


def _of_all_splits(settings):
    return {name: value for name, value in settings.items() if name not in OF_SPLIT}


def _chroms(settings):
    """Test and validation chromosomes as text, and whether the fit is a fold."""
    chroms = (str(settings.get(name)) for name in ("test_chroms", "validation_chroms"))
    return *chroms, settings.items() >= OF_FOLDS.items()
