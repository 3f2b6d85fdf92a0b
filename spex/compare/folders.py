"""Data folders of tensors that can be compared: one of sequence alone, and one of each map over the same genes."""

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from spex.contacts.collect import Contacts
from spex.contacts.rules import Corrected, Published
from spex.errors import InputError, parameter, shown
from spex.inputs.genes import read_cached_genes
from spex.inputs.normalise import unversioned
from spex.models.splits import sorted_chromosomes
from spex.runs.folder import DataFolder, contacts_of, open_made
from spex.runs.settings import HASH_SHOWN, RunSettings
from spex.runs.tensors import genes_with_tensor

SHARED = {
    "genes_sha256": "other genes",
    "genome_sha256": "another genome",
    "beluga_sha256": "another network",
    "features": "features of another model",
    "precision": "another precision",
}
"""Settings that folders must share -> what is said where they do not."""


@dataclass(frozen=True, eq=False)
class BaseFolder:
    """Tensors of sequence alone. genes: DataFrame of all genes that they are made for, as of `read_cached_genes`."""

    folder: DataFolder
    settings: RunSettings
    genes: pd.DataFrame


@dataclass(frozen=True, eq=False)
class MapFolder:
    """Tensors with one map's contacts. name: unique among those compared. contacts: of all genes of the folder."""

    name: str
    folder: DataFolder
    settings: RunSettings
    rule: Published | Corrected
    contacts: Contacts

    @property
    def shown_only(self):
        """Whether its contacts follow the published rule, by which nothing can be decided."""
        return self.rule.own_windows_stand_in


@dataclass(frozen=True, eq=False)
class CommonGenes:
    """Genes that every arm has, along the genome. table: DataFrame (n) with id, symbol, chrom, strand, tss. observed:
    float64 (n, tissues), expression in the file's unit. left_out: why -> how many of the base folder's genes."""

    table: pd.DataFrame
    observed: np.ndarray
    left_out: dict[str, int]


def open_base(root):
    """The folder of sequence alone.

    Raises:
        InputError: no such folder, tensors of unknown making, or tensors with contacts.
    """
    folder, settings = open_made(root, "base_folder")
    if settings.maps_sha256:
        raise InputError(
            "its tensors contain contacts already",
            argument="base_folder",
            subject=root,
            expected="a folder of sequence alone, made without a contact map",
        )
    return BaseFolder(folder, settings, read_cached_genes(folder.cached_genes))


def open_map_folders(roots, base, *, show_published=False):
    """The folders of maps, checked against the base folder and each other.

    show_published: whether folders by the published contact rule are taken, to be shown only.

    Returns: list of MapFolder.

    Raises:
        InputError: a folder without maps or contacts; other genes, genome, network or precision than the base folder;
            a map twice; the published contact rule.
    """
    opened = []
    for root, name in zip(roots, _names(roots), strict=True):
        folder, settings = open_made(root, "map_folders")
        about = {"argument": "map_folders", "subject": root}
        if not settings.maps_sha256:
            raise InputError(
                "its tensors are of sequence alone", **about, expected="tensors that were made with a contact map"
            )
        _check_shared(settings, base, about)
        _check_twice(settings, opened, about)
        rule = settings.rule
        if rule.own_windows_stand_in and not show_published:
            raise InputError(
                "its contacts follow the published rule, which puts a gene's local windows in the place of missing "
                "contacts, so that nothing can be decided by it",
                **about,
                expected="tensors by the corrected rule",
                hint=f"make them with {parameter('rule')} corrected in another folder, or give "
                f"{parameter('show_published')} to see this one without a verdict",
            )
        opened.append(MapFolder(name, folder, settings, rule, contacts_of(folder, settings, about)))
    return opened


def _names(roots):
    """What the maps are called: by their folders, by the whole path where two folders are called the same."""
    short = [DataFolder(root).root.resolve().name for root in roots]
    return [str(root) if short.count(name) > 1 else name for root, name in zip(roots, short, strict=True)]


def _check_shared(settings, base, about):
    for field, what in SHARED.items():
        mine, theirs = getattr(settings, field), getattr(base.settings, field)
        if mine != theirs:
            found = f"made with {what} than {base.folder.root}"
            raise InputError(
                f"{found} ({field} {shown(mine, HASH_SHOWN)} and {shown(theirs, HASH_SHOWN)})",
                **about,
                expected="folders that differ only in their contact maps",
            )


def _check_twice(settings, opened, about):
    for other in opened:
        if asdict(replace(other.settings, cache_dtype=settings.cache_dtype)) == asdict(settings):
            raise InputError(f"the same map as {other.folder.root}", **about, expected="each map once")


def find_common_genes(base, maps, expression, *, with_contacts=False):
    """The genes with expression and a tensor in every folder, along the genome.

    expression: DataFrame (genes, tissues), indexed by gene id. with_contacts: take only those that have a contact in
    every map.

    Returns: CommonGenes.

    Raises:
        InputError: none is left.
    """
    genes, left_out = base.genes, {}
    values = expression.set_axis(unversioned(expression.index.astype(str).to_series()), axis=0)
    rows = pd.Series(np.arange(len(values)), values.index).reindex(unversioned(genes["id"])).to_numpy()
    keeps = {"without expression": ~np.isnan(rows)}
    keeps[f"without a tensor in {base.folder.root}"] = genes_with_tensor(base.folder, genes)
    for each in maps:
        known = genes["id"].isin(each.contacts.genes).to_numpy()
        keeps[f"without a tensor in {each.folder.root}"] = genes_with_tensor(each.folder, genes) & known
    for each in maps if with_contacts else ():
        with_contacts = each.contacts.genes[each.contacts.number > 0]
        keeps[f"without a contact in {each.name}"] = genes["id"].isin(with_contacts).to_numpy()
    kept = np.ones(len(genes), dtype=bool)
    for why, keep in keeps.items():
        left_out[why] = int((kept & ~keep).sum())
        kept &= keep
        if not kept.any():
            raise InputError(
                f"no gene is left: {left_out[why]:,} of {len(genes):,} are {why}",
                expected="genes with expression and a tensor in every folder",
            )
    order = along_genome(genes[kept])
    table = genes[kept].iloc[order]
    observed = values.to_numpy(np.float64)[rows[kept].astype(np.int64)][order]
    return CommonGenes(table, observed, {why: count for why, count in left_out.items() if count})


def along_genome(genes):
    """The order of genes by chromosome, in the order of their numbers, then TSS: (n,) positions."""
    number = {chrom: place for place, chrom in enumerate(sorted_chromosomes(genes["chrom"]))}
    return np.lexsort((genes["id"].to_numpy(str), genes["tss"], genes["chrom"].map(number)))
