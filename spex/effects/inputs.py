"""What effects are computed from: a finished data folder, saved models for it, its genome and network."""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from spex.contacts.collect import Contacts
from spex.effects.bins import ContactIndex
from spex.errors import InputError
from spex.features.devices import choose_precision, computing, open_computer, open_model
from spex.files.checks import require_file, require_folder
from spex.files.hashes import KnownHashes, Watch
from spex.inputs.agree import check_on_genome
from spex.inputs.genes import read_cached_genes
from spex.inputs.genome import Genome
from spex.inputs.ids import unversioned
from spex.inputs.tables import listed
from spex.runs.cache import PredictionStore
from spex.runs.folder import DataFolder, contacts_of, open_made
from spex.runs.predict import ChosenFit, choose_fits
from spex.runs.settings import RunSettings, check_made_with


@dataclass(frozen=True)
class Sources:
    """Where predictions come from. genome, network: paths. cache: prediction cache folder, or None to go without.
    devices: of torch. precision: name in `devices.DTYPES`, None for what suits the devices. batch_size: windows at
    once, None for what suits the device."""

    genome: Path
    network: Path
    cache: Path | None
    devices: list[str]
    precision: str | None = None
    batch_size: int | None = None


@dataclass(frozen=True, eq=False)
class EffectInputs:
    """What effects are computed from.

    genes: DataFrame (n) of all genes of the folder: id, symbol, chrom, strand, tss. contacts: Contacts of the same
    genes, None without contact maps. fits: list of ChosenFit. precision: of the predictions. watch: of genome and
    network, and of what else is read.
    """

    folder: DataFolder
    settings: RunSettings
    genes: pd.DataFrame
    contacts: Contacts | None
    fits: list[ChosenFit]
    sources: Sources
    precision: str
    watch: Watch

    def index(self):
        """ContactIndex over the contacts; None without contact maps."""
        return None if self.contacts is None else ContactIndex(self.contacts)

    @contextlib.contextmanager
    def computer(self, device):
        """A FeatureComputer on a device, which gives windows and keeps them in the prediction cache.

        Raises:
            InputError: the device's memory is full.
        """
        identity = replace(self.settings, precision=self.precision).store_identity
        cache = self.sources.cache
        with computing(device, self.precision), contextlib.closing(self.genome()) as genome:
            computer = open_computer(
                genome=genome,
                model=open_model(self.sources.network),
                device=device,
                precision=self.precision,
                store=cache and PredictionStore(cache, identity, np.dtype(self.settings.cache_dtype), self.watch),
                contacts=None,
                batch_size=self.sources.batch_size,
            )
            with contextlib.closing(computer):
                yield computer

    def genome(self):
        """The genome. Returns: Genome."""
        return Genome(self.sources.genome, self.folder.genome_index)

    def identity(self):
        """What effects depend on, beside the alleles: dict of JSON values."""
        fits = {each.name: {"tissue": each.tissue, "files": each.sha256} for each in self.fits}
        return {"tensors": self.settings.recorded(), "fits": fits, "precision": self.precision}


def open_inputs(data_folder, sources, fits=(), tissues=(), *, linear, made_with=None):
    """Open and check all that effects are computed from.

    data_folder: that tensors.py filled. sources: Sources. fits, tissues, linear: as of `choose_fits`.
    made_with: what else the user named once more, as `given` of `check_made_with`.

    Raises:
        InputError: the folder is not done or of unknown making, its contacts are gone, another genome or network than
            its tensors were made with, no fit, or one of other features.
    """
    watch = Watch(genome=sources.genome, network=sources.network)
    folder, settings = open_made(data_folder, "data_folder")
    about = {"argument": "data_folder", "subject": data_folder}
    if sources.cache is not None:
        require_folder(sources.cache, "cache")
    for argument, path, resource in (("genome", sources.genome, "genome"), ("network", sources.network, "beluga")):
        require_file(path, argument, resource)
    hashes = KnownHashes(folder.input_hashes)
    named = {**(made_with or {}), "genome": sources.genome, "network": sources.network}
    check_made_with(folder, named, hashes, {})
    genes = read_cached_genes(folder.cached_genes)
    contacts = contacts_of(folder, settings, about) if settings.maps_sha256 else None
    inputs = EffectInputs(
        folder=folder,
        settings=settings,
        genes=genes.reset_index(drop=True),
        contacts=contacts,
        fits=choose_fits(folder, settings, fits, tissues, linear=linear),
        sources=sources,
        precision=choose_precision(sources.devices, sources.precision),
        watch=watch,
    )
    with contextlib.closing(inputs.genome()) as genome:
        check_on_genome(inputs.genes, genome.chromsizes)
    watch.check()
    with contextlib.suppress(OSError):  # a folder of someone else's, or on a disk that is full: hashes are made again
        hashes.save()
    return inputs


def find_genes(genes, named, argument="genes"):
    """Rows of the genes that the user named.

    genes: DataFrame (n) with id, symbol. named: ids, with or without version, or symbols; every gene without any.

    Returns: (m,) int64 rows, rising.

    Raises:
        InputError: no such gene; tells the first ones.
    """
    if not named:
        return np.arange(len(genes))
    plain = unversioned(genes["id"])
    rows, unknown = [], []
    for name in named:
        found = np.flatnonzero((genes["id"] == name) | (plain == name) | (genes["symbol"] == name))
        rows.extend(found.tolist())
        if not len(found):
            unknown.append(name)
    if unknown:
        raise InputError(
            f"no gene {listed(unknown)} among the {len(genes):,} of the folder",
            argument=argument,
            expected="ids or symbols as in its cached_genes.tsv",
        )
    return np.unique(rows)
