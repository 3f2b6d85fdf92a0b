"""What effects are computed from: a finished data folder, its contacts by place, saved models, genome and network."""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from spex.contacts.collect import Contacts
from spex.errors import InputError, command, listed
from spex.features.devices import choose_precision, computing, open_computer, open_model
from spex.files.checks import require_file, require_folder
from spex.files.hashes import KnownHashes, Watch
from spex.inputs.agree import check_on_genome
from spex.inputs.genes import read_cached_genes
from spex.inputs.genome import Genome, chromsizes_of
from spex.inputs.normalise import unversioned
from spex.runs.cache import PredictionStore
from spex.runs.folder import DataFolder, contacts_of, open_made
from spex.runs.known_fits import KnownFit, find_known, known_identity
from spex.runs.predict import ChosenFit, choose_fits
from spex.runs.settings import RunSettings, check_made_with

ROWS = 64
"""Changes that go through one matrix product, filled up with zeros: BLAS chooses its way, and so its rounding, by their
number, and an effect must not depend on how many others are computed with it."""


def filled_up(changes, width):
    """Yield changes `ROWS` at a time: a slice of them, and float64 (ROWS, width) with zeros behind and below them."""
    for start in range(0, len(changes), ROWS):
        some = changes[start : start + ROWS]
        filled = np.zeros((ROWS, width))
        filled[: len(some), : some.shape[1]] = some
        yield slice(start, start + ROWS), filled


def by_fit(table, fits):
    """A row of each fit for every row of a table: DataFrame with its columns, tissue and model. fits: list of
    ChosenFit."""
    rows = table.loc[table.index.repeat(len(fits))].reset_index(drop=True)
    names = {"tissue": [each.tissue for each in fits], "model": [each.name for each in fits]}
    return rows.assign(**{column: np.tile(values, len(table)) for column, values in names.items()})


def by_tss(genes):
    """Chromosome -> rows of its genes by TSS, (m,) int64, and these TSS. genes: DataFrame with chrom and tss."""
    tss, found = genes["tss"].to_numpy(np.int64), {}
    for chrom in genes["chrom"].unique():
        rows = np.flatnonzero(genes["chrom"] == chrom)
        rows = rows[np.argsort(tss[rows], kind="stable")]
        found[chrom] = rows, tss[rows]
    return found


class ContactIndex:
    """The contacts of a data folder, found by the sequence that their bins are read from.

    contacts: Contacts. Contact numbers count its contacts from 0.

    genes: (contacts,) int64, row of each one's gene. columns: (contacts,) int64, which of the sums over the gene's
    contacts each goes to. weights: (contacts,) float64, how often the prediction of each window of its bin counts
    there. starts: (contacts, tiles) int64, where these windows start. first, end: (contacts,) int64, interval of the
    chromosome that they cover, 0-based half-open.
    """

    def __init__(self, contacts):
        self.contacts = contacts
        self.genes, self.weights = contacts.gene, contacts.weight
        self.columns = contacts.column
        # of the windows of a bin the first starts first and the last ends last, and both rise from bin to bin
        self.starts = contacts.window_starts
        self.first, self.end = self.starts[:, 0], self.starts[:, -1] + contacts.window
        of_each = contacts.chrom if len(self.genes) else np.empty(0, str)
        self._of_chrom = {}
        for chrom in np.unique(of_each):
            mine = np.flatnonzero(of_each == chrom)
            self._of_chrom[str(chrom)] = mine[np.argsort(contacts.bins[mine], kind="stable")]

    def bin(self, contact, length):
        """Interval of a contact's bin, 0-based half-open, no longer than its chromosome. length: of that, in bp."""
        start = int(self.contacts.bins[contact]) * self.contacts.resolution
        return start, min(start + self.contacts.resolution, length)

    def touching(self, chrom, start, end):
        """Contacts whose windows contain a base of an interval, 0-based half-open; an empty one lies between bases.

        Returns: (m,) int64 contact numbers, by bin.
        """
        known = self._of_chrom.get(chrom, np.empty(0, np.int64))
        begin = np.searchsorted(self.end[known], start, side="right")
        return known[begin : np.searchsorted(self.first[known], end, side="left")]


class LinearModels:
    """Coefficients of linear models side by side.

    fits: list of ChosenFit (t). columns: slice of those that count, of which all fits have as many. coefficients:
    float64 (t, width), change of ln(expression) per unit of each feature.
    """

    def __init__(self, fits, columns=slice(None)):
        self.coefficients = np.stack([each.fit.coefficients[columns] for each in fits])

    def __len__(self):
        return len(self.coefficients)

    def effects(self, changes, columns=None):
        """Change of ln(expression) in each tissue, float64 (n, t).

        changes: float64 (n, width), of tensors, or without their last columns; or (n, columns), of a slice of them.
        """
        columns = slice(changes.shape[1]) if columns is None else columns
        effects = np.empty((len(changes), len(self)))
        for rows, filled in filled_up(changes, changes.shape[1]):
            effects[rows] = (filled @ self.coefficients[:, columns].T)[: len(effects[rows])]
        return effects


@dataclass(frozen=True)
class Sources:
    """Where predictions come from. genome, network: paths, None where there are none. cache: prediction cache folder,
    or None to go without. devices: of torch. precision: name in `devices.DTYPES`, None for what suits the devices.
    batch_size: windows at once, None for what suits the device."""

    genome: Path | None
    network: Path | None
    cache: Path | None
    devices: list[str]
    precision: str | None = None
    batch_size: int | None = None


@dataclass(frozen=True, eq=False)
class EffectInputs:
    """What effects are computed from.

    genes: DataFrame (n) of all genes of the folder: id, symbol, chrom, strand, tss. contacts: Contacts of the same
    genes, None without contact maps. fits: list of ChosenFit. precision: of the predictions. watch: of genome and
    network, and of what else is read. known: list of KnownFit, one a fit, where the uncertainty of
    effects was asked for.
    """

    folder: DataFolder
    settings: RunSettings
    genes: pd.DataFrame
    contacts: Contacts | None
    fits: list[ChosenFit]
    sources: Sources
    precision: str
    watch: Watch
    known: list[KnownFit] | None = None

    def index(self):
        """ContactIndex over the contacts; None without contact maps."""
        return None if self.contacts is None else ContactIndex(self.contacts)

    @contextlib.contextmanager
    def computer(self, device):
        """A FeatureComputer on a device, which gives windows and keeps them in the prediction cache; of features of
        another model KeptBins."""
        if self.settings.features:
            yield KeptBins(self.sources.cache, self.settings, self.contacts)
            return
        identity = replace(self.settings, precision=self.precision).store_identity
        cache = self.sources.cache
        with computing(device, self.precision), contextlib.closing(self.genome()) as genome:
            computer = open_computer(
                genome=genome,
                model=open_model(self.sources.network, self.precision),
                device=device,
                precision=self.precision,
                store=cache and PredictionStore(cache, identity, np.dtype(self.settings.cache_dtype), self.watch),
                contacts=None,
                batch_size=self.sources.batch_size,
            )
            with contextlib.closing(computer):
                yield computer

    def require_network(self):
        """Refuse features of another model, whose network is not at hand.

        Raises:
            InputError: the tensors are of such.
        """
        if self.settings.features:
            raise InputError(
                "its features were given, and what an allele does to them cannot be computed",
                argument="data_folder",
                subject=self.folder.root,
                expected=f"a data folder that {command('tensors')} filled",
            )

    def genome(self):
        return Genome(self.sources.genome, self.folder.genome_index)

    def chromsizes(self):
        return chromsizes_of(self.sources.genome, self.folder.genome_index)

    def identity(self):
        """What effects depend on, beside the alleles: dict of JSON values."""
        return {"tensors": self.settings.recorded(), "precision": self.precision} | self.fits_identity()

    def fits_identity(self):
        """What they depend on of the models, the same way, and their uncertainty where it was asked for."""
        fits = {"fits": {each.name: {"tissue": each.tissue, "files": each.sha256} for each in self.fits}}
        return fits if self.known is None else fits | {"uncertainty": known_identity(self.known)}


class KeptBins:
    """Numbers of contacted bins of another model's features, in the place of a FeatureComputer.

    cache: folder that the run kept them in. settings: RunSettings. contacts: of the data folder, or None.
    """

    def __init__(self, cache, settings, contacts):
        self.store = cache and PredictionStore(cache, settings.store_identity)
        self.genome, ends = self, {} if contacts is None else pd.Series(contacts.start).groupby(contacts.chrom).max()
        self.chromsizes = {chrom: int(end) + contacts.resolution for chrom, end in dict(ends).items()}
        if contacts is not None:
            self.chromsizes |= contacts.chromsizes or {}

    def windows(self, chrom, starts, *, keep):
        """Numbers of the bins of a chromosome that start there, float32 (n, width). starts: (n,) int64. keep: as they
        are kept already, without effect."""
        found, rows = self.store.get("windows", chrom, starts) if self.store else (np.zeros(len(starts), bool), None)
        if not found.all():
            raise InputError(
                f"{(~found).sum():,} of {len(found):,} contacted bins on {chrom} have no numbers there",
                argument="cache",
                subject=self.store.folder.parent if self.store else "none",
                expected="the folder that the features were made with",
                hint=f"give it, or run {command('features')} again",
            )
        return rows


def open_inputs(data_folder, sources, fits=(), tissues=(), *, linear, made_with=None, uncertainty=False):
    """Open and check all that effects are computed from: EffectInputs.

    data_folder: that tensors.py filled. fits, tissues, linear: as of `choose_fits`. made_with: what else the user named
    once more, as `given` of `check_made_with`. uncertainty: find what the uncertainty of effects needs, and log what is
    missing. Features of another model need neither genome nor network.

    Raises:
        InputError: the folder is not done or of unknown making, its contacts are gone, another genome or network than
            its tensors were made with, no fit, or one of other features.
    """
    folder, settings = open_made(data_folder, "data_folder")
    if sources.cache is not None:
        require_folder(sources.cache, "cache")
    predicted = {} if settings.features else {"genome": sources.genome, "network": sources.network}
    for argument, path in predicted.items():
        if path is None:
            raise InputError("none is given", argument=argument, hint="give the one that the tensors were made with")
        require_file(path, argument)
    watch, hashes = Watch(**predicted), KnownHashes(folder.input_hashes)
    check_made_with(folder, {**(made_with or {}), **predicted}, hashes, {})
    about = {"argument": "data_folder", "subject": data_folder}
    inputs = EffectInputs(
        folder=folder,
        settings=settings,
        genes=read_cached_genes(folder.cached_genes).reset_index(drop=True),
        contacts=contacts_of(folder, settings, about) if settings.maps_sha256 else None,
        fits=choose_fits(folder, settings, fits, tissues, linear=linear),
        sources=sources,
        precision=choose_precision(sources.devices, sources.precision),
        watch=watch,
    )
    inputs = replace(inputs, known=find_known(inputs.fits)) if uncertainty else inputs
    if predicted:
        check_on_genome(inputs.genes, inputs.chromsizes())
    watch.check()
    with contextlib.suppress(OSError):  # a folder of someone else's, or on a disk that is full: hashes are made again
        hashes.save()
    return inputs


def find_genes(genes, named, argument="genes"):
    """Rows of the genes that the user named, rising, (m,) int64; an InputError where there is no such gene.

    genes: DataFrame (n) with id, symbol. named: ids, with or without version, or symbols; every gene without any.
    """
    if not named:
        return np.arange(len(genes))
    plain = unversioned(genes["id"])
    rows = [np.flatnonzero((genes["id"] == name) | (plain == name) | (genes["symbol"] == name)) for name in named]
    if unknown := [name for name, found in zip(named, rows, strict=True) if not len(found)]:
        raise InputError(
            f"no gene {listed(unknown)} among the {len(genes):,} of the folder",
            argument=argument,
            expected="ids or symbols as in its cached_genes.tsv",
        )
    return np.unique(np.concatenate(rows))
