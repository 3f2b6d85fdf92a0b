"""A data folder of features of another model: read, tied to genes, summed over contacted bins, written as tensors."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from spex.contacts.collect import read_maps
from spex.contacts.rules import Corrected, check_resolution
from spex.contacts.sums import sum_over_bins
from spex.errors import InputError, count, parameter
from spex.features.choices import GivenChoice
from spex.features.write import blocks_along_genome, unfinished_genes
from spex.files.atomic import write_text
from spex.files.checks import require_folder
from spex.files.hashes import KnownHashes, Watch, json_digest
from spex.files.sealed import save_array, save_arrays, save_sealed_json
from spex.inputs.bin_numbers import read_bin_table, read_tracks
from spex.inputs.choices import GeneChoice, Reading
from spex.inputs.genes import cached_genes_text, choose_genes, report_rows
from spex.inputs.given_features import read_given_features, tie_features
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import agree_maps
from spex.inputs.maps.reader import check_different, map_sha256, split_uri
from spex.progress import progress
from spex.runs.cache import PredictionStore
from spex.runs.folder import DataFolder, contacts_identity, save_contacts
from spex.runs.settings import RunSettings, check_run, claim_run, genes_choice

BLOCK = 256
"""Genes that are summed at once."""

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class GivenInputs:
    """Paths of what such a folder is made from, and how they are used.

    features: genes x numbers. given: what they are of, and where numbers of bins come from, which has to be known where
    there are contact maps. maps: contact maps, none for the genes' own features alone. resolution: bp per bin. reading:
    how the maps are read. choice: of the genes.
    """

    features: Path
    genes: Path
    given: GivenChoice = field(default_factory=GivenChoice)
    maps: tuple[Path, ...] = ()
    rule: Corrected = field(default_factory=Corrected)
    resolution: int = 1000
    choice: GeneChoice = field(default_factory=GeneChoice)
    reading: Reading = field(default_factory=Reading)

    def __post_init__(self):
        bins, tracks = self.given.bins, self.given.tracks
        if bins and tracks:
            raise InputError(f"is given with {parameter('tracks')}", argument="bins", hint="give one of them")
        if bool(self.maps) != bool(bins or tracks):
            given, lacking = ("maps", "bins") if self.maps else ("bins" if bins else "tracks", "maps")
            raise InputError(
                f"is given without {parameter(lacking)}",
                argument=given,
                hint=f"contacted bins need both: {parameter('maps')}, and {parameter('bins')} or {parameter('tracks')}",
            )

    def watch(self):
        """A Watch of all these files."""
        maps = [split_uri(path)[0] for path in self.maps]
        others = (self.features, self.given.bins, *self.given.tracks)
        files = [each for each in others if each is not None and Path(each).is_file()]  # zarr is a folder
        return Watch(genes=self.genes, maps=maps, features=files)


def fill_with_features(folder: DataFolder, inputs: GivenInputs, cache):
    """Make the tensors of a data folder from features of another model; those that are whole already stay.

    cache: folder where numbers of contacted bins are kept for comparisons.

    Raises:
        InputError: an input is not usable or does not fit the others, or the folder was made with other settings.
    """
    check_resolution(inputs.resolution)
    watch, hashes = inputs.watch(), KnownHashes(folder.input_hashes)
    table, genes = choose_genes(inputs.genes, inputs.choice)
    given = read_given_features(inputs.features)
    rows, with_features, account = tie_features(given, genes)
    check_different(inputs.maps, hashes)
    contacts, bins = _contacts_and_bins(inputs, genes)
    settings = _settings(inputs, given, bins, hashes)
    paths = {"genes": [inputs.genes], "features": [inputs.features], "maps": [*inputs.maps]}
    check_run(folder, settings, paths)
    store = PredictionStore(require_folder(cache, "cache"), settings.store_identity, watch=watch)

    watch.check()
    claim_run(folder, settings, paths)
    folder.remember(hashes, **paths, cache=[cache])
    hashes.save()
    report_rows(inputs.genes, table, genes, inputs.choice)
    for each in (account, *(bins.accounts if bins else ())):
        each.report()
    write_text(folder.cached_genes, cached_genes_text(table, genes))
    save_sealed_json(folder.names_json, {"own": given.names, "bins": bins.names if bins else ()})
    if contacts is not None:
        save_contacts(folder.contacts_npz, contacts, contacts_identity(settings, genes))
        folder.write_contacts_table(contacts)
    if given.local is not None:  # by id: genes may share a TSS
        save_arrays(folder.local_npz, {"ids": with_features["id"].to_numpy(str), "local": given.local[rows]})
    if bins is not None:
        _keep(store, bins, contacts.resolution)
    pending = unfinished_genes(folder, with_features, settings.width)
    row_of = pd.Series(rows, with_features["id"].to_numpy())
    with progress(len(pending), "genes", "tensors") as advance:
        for block in blocks_along_genome(pending, BLOCK):
            watch.check()
            tensors = given.X[row_of[block["id"]]]
            if contacts is not None:
                tensors = np.concatenate([tensors, _sums(contacts, bins, block)], axis=1)
            for gene, tensor in zip(block["id"], tensors, strict=True):
                save_array(folder.tensor_path(gene), tensor, durable=False)
            advance(len(block))
    watch.check()
    done = len(with_features) - len(pending)
    logger.info(
        "%s: %s of %s columns made, %s there before",
        *(folder.root, count(len(pending), "gene"), f"{settings.width:,}", f"{done:,}"),
    )


def _contacts_and_bins(inputs, genes):
    """Contacts of the genes, and numbers of the contacted bins: Contacts, BinNumbers; None and None without maps."""
    if not inputs.maps:
        return None, None
    maps = agree_maps(open_maps([*inputs.maps], inputs.resolution, inputs.reading, inputs.rule), genes)
    contacts = read_maps(maps, genes, inputs.rule, inputs.resolution, inputs.resolution)
    wanted = {
        str(chrom): np.unique(contacts.bins[contacts.chrom == chrom]).astype(np.int64)
        for chrom in np.unique(contacts.chrom)
    }
    if not wanted:
        raise InputError("no gene has a contact", argument="maps", hint="loosen the rule, or take another resolution")
    if inputs.given.tracks:
        return contacts, read_tracks(inputs.given.tracks, wanted, inputs.resolution)
    return contacts, read_bin_table(inputs.given.bins, wanted, inputs.resolution)


def _settings(inputs, given, bins, hashes):
    local = 0 if given.local is None else given.local.shape[1]
    kind = "tracks" if inputs.given.tracks else "table"
    return RunSettings.of(
        genes_sha256=hashes.sha256(inputs.genes),
        genome_sha256="",
        beluga_sha256="",
        maps_sha256=sorted(map_sha256(path, hashes) for path in inputs.maps),
        precision="float32",
        rule=inputs.rule,
        resolution=inputs.resolution,
        reading=inputs.reading,
        features={"source": inputs.given.source, "sha256": given.sha256, **_columns(given.X.shape[1], given.names)}
        | {"local": local},
        bins=bins and {"kind": kind, "sha256": bins.sha256, **_columns(bins.width, bins.names)},
        **genes_choice(inputs.choice),
    )


def _columns(width, names):
    return {"width": width, "names_sha256": json_digest([*names], 16) if names else None}


def _keep(store, bins, resolution):
    """Put the numbers of contacted bins, which controls are drawn from, into the store."""
    for chrom, numbers in bins.bins.items():
        starts = numbers * resolution
        new = ~store.has("windows", chrom, starts)
        store.put("windows", chrom, starts[new], bins.values[chrom][new])
    store.flush()


def _sums(contacts, bins, block):
    """Sums over the contacted bins of some genes of one chromosome: float32 (genes, 2 x groups x width)."""
    chrom = str(block["chrom"].iloc[0])
    rows = pd.Index(contacts.genes).get_indexer(block["id"])
    numbers, values = bins.bins.get(chrom, np.empty(0, np.int64)), bins.values.get(chrom)

    def predict(starts):
        return values[np.searchsorted(numbers, starts // contacts.resolution)]

    (sums,) = sum_over_bins([contacts], rows, bins.width, predict)
    return sums.astype(np.float32).reshape(len(rows), -1)
