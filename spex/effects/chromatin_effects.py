"""Effects of alleles from files of chromatin effects in the form of ExPecto's (Zhou et al. 2018), without the network.

Such files have what an allele changes in windows around it, one file a shift, and not on the grid of a gene. The window
of shift s of an allele at position p (1-based) has its centre at p + s. For a gene with its TSS at t on strand z (1 or
-1) it lies at d = z (p + s - t) along the gene. With E[s], its change of the chromatin features,

    sums k = 0-4   sum over s with d <= 0 of exp(-r[k] |d| / 200) E[s]       (upstream, by decay rate r)
    sums k = 5-9   sum over s with d >= 0 of exp(-r[k - 5] |d| / 200) E[s]   (downstream)

and the effect is the sum over k of coefficients[k] x sums[k]: what a linear model predicts for these sums, less what it
predicts for 0.
"""

import re
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from expecto.gene_features import REACH, own_features, transform_weights
from expecto.network import PUBLISHED
from spex.effects.alleles import Effects
from spex.effects.changes import Change
from spex.effects.inputs import ROWS, EffectInputs, LinearModels, by_tss
from spex.effects.uncertainty import uncertainty_of
from spex.effects.variant_tables import block_table
from spex.effects.variants import Parts, ScoredBlock, count_block
from spex.errors import InputError
from spex.files.checks import is_piped, require_file
from spex.files.hashes import Watch, file_sha256, json_digest
from spex.inputs.account import Account
from spex.inputs.alleles import LONGEST_INDEL, OK, SYMBOLIC, TOO_LONG, changed_length, structural
from spex.inputs.choices import Blocks
from spex.inputs.genes import read_cached_genes
from spex.inputs.hdf5 import check_whole, open_hdf5
from spex.inputs.opening import DAMAGED, readable
from spex.inputs.variant_files import VariantFile
from spex.models.expecto_models import WIDTH
from spex.models.layout import published_layout
from spex.runs.folder import DataFolder
from spex.runs.known_fits import find_known
from spex.runs.predict import load_fit, named_fits

NAME = re.compile(r"(?:.*\.)?shift_(-?\d{1,9})\.diff\.h5")
DATA = "pred"
FORM = f"ExPecto's {DATA}, two rows an allele (all forward, then all reverse) of {PUBLISHED.features:,} numbers"
LONGEST_CHROMOSOME = 1 << 40
"""No genome is read, so no position lies past an end."""


class ChromatinEffects:
    """Files of chromatin effects, one a shift.

    paths: named `shift_<bp>.diff.h5`, with anything and a point in front. Each has a data set `pred`, floating-point
    (2 n, 2002): prediction(alternative) - prediction(reference) of n alleles on the forward strand, then of the same on
    the reverse complement.

    shifts: (s,) int64, bp, rising. alleles: n. paths: in the order of the shifts.

    Raises:
        InputError: a file of another name or form, two of one shift, or not as many rows as the others.
    """

    def __init__(self, paths):
        by_shift = {}
        for path in paths:
            named = NAME.fullmatch(Path(path).name)
            if named is None:
                raise _refused(path, "its name does not say which shift", "a name like shift_-200.diff.h5")
            if (shift := int(named[1])) in by_shift:
                raise _refused(path, f"the same shift as {by_shift[shift]}", "each shift once")
            by_shift[shift] = require_file(path, "effects")
        self.shifts = np.array(sorted(by_shift), np.int64)
        self.paths = [by_shift[shift] for shift in self.shifts.tolist()]
        rows = [self._read(path, lambda data: data.shape[0]) for path in self.paths]
        for path, number in zip(self.paths, rows, strict=True):
            if number != rows[0]:
                raise _refused(path, f"{number:,} rows, {self.paths[0].name} has {rows[0]:,}", "as many in every file")
        self.alleles = rows[0] // 2

    def rows(self, start, stop):
        """Effects of some alleles in the windows of each shift, mean of both strands: float64 (alleles, s, 2002)."""
        effects = np.empty((stop - start, len(self.paths), PUBLISHED.features))
        for number, path in enumerate(self.paths):
            strands = [slice(start, stop), slice(self.alleles + start, self.alleles + stop)]
            forward, reverse = self._read(path, lambda data, strands=strands: [data[each] for each in strands])
            effects[:, number] = (forward.astype(np.float64) + reverse) / 2
            if not np.isfinite(effects[:, number]).all():
                raise _refused(path, f"NaN or infinity for alleles {start + 1:,} to {stop:,}", "finite numbers")
        return effects

    @staticmethod
    def _read(path, take):
        """What a function takes from a file's data set."""
        about = {"argument": "effects", "subject": path}
        with readable(about, damaged=(*DAMAGED, RuntimeError)), open_hdf5(path, about) as file:
            check_whole(file, about)
            data = file.get(DATA)
            shape, kind = getattr(data, "shape", None), getattr(getattr(data, "dtype", None), "kind", None)
            if kind != "f" or len(shape) != 2 or shape[1] != PUBLISHED.features or shape[0] % 2 or not shape[0]:
                found = f"no data set {DATA} in it" if shape is None else f"{DATA} is {data.dtype} of shape {shape}"
                raise _refused(path, found, FORM)
            return take(data)


class ChromatinEffectsRun:
    """A variant file's effects by ChromatinEffects, in the place of a VariantRun; nothing is kept but the table.

    data_folder: path, with fits, and cached_genes.tsv unless there are genes. variants: path of the file, whose alleles
    are those of the effects, in their order. effects: paths. genes: DataFrame in the place of the folder's, or None.
    fits, tissues: as of `named_fits`. root: Path of the folder that the table goes into. block_rows: rows of the file
    at once. uncertainty: as of `open_inputs`.

    Raises:
        InputError: files of another form, of another number of alleles; no genes; no linear fit of that name.
    """

    def __init__(
        self,
        data_folder,
        variants,
        effects,
        root,
        *,
        genes=None,
        fits=(),
        tissues=(),
        block_rows=Blocks.block_size,
        uncertainty=False,
    ):
        self.effects = ChromatinEffects(effects)
        watch, folder = Watch(effects=self.effects.paths), DataFolder(data_folder)
        if not is_piped(variants):
            watch.add("variants", variants)
        genes = read_cached_genes(folder.cached_genes) if genes is None else genes
        chosen = named_fits(folder, fits, tissues, linear=True)
        for place, record in chosen.items():
            require_published_network(place, record)
        self.file = VariantFile(variants, dict.fromkeys(genes["chrom"].unique().tolist(), LONGEST_CHROMOSOME))
        fits = [load_fit(*each, WIDTH) for each in chosen.items()]
        self.inputs = EffectInputs(
            folder=folder,
            settings=None,
            genes=genes.reset_index(drop=True),
            contacts=None,
            fits=fits,
            sources=None,
            precision=None,
            watch=watch,
            known=find_known(fits) if uncertainty else None,
        )
        self._uncertainty = uncertainty_of(self.inputs, "cpu")
        self._models = LinearModels(self.inputs.fits, slice(WIDTH))
        self._block_rows = block_rows
        there = sum(map(len, self.file.blocks(block_rows)))
        if there != self.effects.alleles:
            raise InputError(
                f"{there:,} alleles, the files of effects have {self.effects.alleles:,}",
                **self.file.about,
                expected="the file that the effects were computed for, an allele a row",
            )
        self.parts = Parts(root, self._identity())
        self.parts.check()

    def _identity(self):
        """What the table depends on: dict of JSON values."""
        places = self.inputs.genes[["id", "chrom", "strand", "tss"]].to_numpy(object).tolist()
        return {
            "variants": self.file.sha256,
            "effects": {
                str(shift): file_sha256(path)
                for shift, path in zip(self.effects.shifts, self.effects.paths, strict=True)
            },
            "genes": json_digest(places, 64),
            **self.inputs.fits_identity(),
        }

    def score(self, shard=None):
        """As of VariantRun; there is nothing to compute beforehand."""
        self.parts.claim()
        return True

    def tables(self):
        """As of VariantRun."""
        self.account = Account(self.file.about["subject"], "alleles")
        done = 0
        for alleles in self.file.blocks(self._block_rows):
            block = self._score(alleles, done)
            done += len(alleles)
            count_block(self.account, block)
            yield block_table(self.inputs, alleles, block, [None] * len(self.inputs.fits))
        self.inputs.watch.check()

    def _score(self, alleles, first):
        """ScoredBlock of some alleles. first: number of the first one, from 0."""
        alleles = [_without_structural(each) for each in alleles]
        starts = np.array([_start(each) if each.status == OK else -1 for each in alleles], np.int64)
        pairs = [(number, gene) for number, each in enumerate(alleles) for gene in self._near(each)]
        own = np.empty((len(pairs), len(self._models)))
        sure = None if self._uncertainty is None else np.empty((len(pairs), 2, len(self._models)))
        for begin in range(0, len(pairs), ROWS):
            some = pairs[begin : begin + ROWS]
            least, most = some[0][0], some[-1][0] + 1
            changes = self.effects.rows(first + least, first + most)
            sums = np.array([self._sums(alleles[number].pos, gene, changes[number - least]) for number, gene in some])
            own[begin : begin + ROWS] = self._models.effects(sums)
            if sure is not None:
                sure[begin : begin + ROWS] = self._uncertainty.of(sums, own[begin : begin + ROWS])
        numbers, genes = np.array(pairs, np.int64).reshape(-1, 2).T
        nothing = [np.empty(0, np.int64)] * len(pairs)
        fine = np.full(len(pairs), OK)
        effects = Effects(numbers, genes, np.ones(len(pairs), bool), nothing, own, np.zeros_like(own), fine, sure)
        return ScoredBlock(np.array([each.status for each in alleles], dtype=str), starts, effects)

    def _near(self, allele):
        """Rows of the genes whose TSS lies within 20 kb of an allele, rising."""
        if allele.status != OK:
            return []
        rows, tss = self._on_chrom[allele.on]
        near = slice(*np.searchsorted(tss, [allele.pos - REACH, allele.pos + REACH + 1]))
        return sorted(rows[near].tolist())

    @cached_property
    def _on_chrom(self):
        return by_tss(self.inputs.genes)

    def _sums(self, pos, gene, changes):
        """The change of a gene's ten sums, float64 (20020,). pos: 1-based. changes: float64 (s, 2002)."""
        row = self.inputs.genes.iloc[gene]
        distances = (1 if row["strand"] == "+" else -1) * (pos + self.effects.shifts - row["tss"])
        return own_features(changes, transform_weights(distances)).ravel()


def require_published_network(place, record):
    """Refuse a fit on features of another network. place: its folder. record: of it."""
    settings = record["settings"]
    made = settings["tensors"] or {}
    if published_layout(settings["width"]) is None or made.get("network") or made.get("features"):
        found = "fitted on features of another model than ExPecto's network"
        raise InputError(found, argument="fit", subject=place, expected=f"one of its {PUBLISHED.features:,} features")


def _start(allele):
    """0-based position of the first base that an allele changes, as it is written."""
    return Change.of(allele.on, allele.pos, allele.ref, allele.alt).start


def _without_structural(allele):
    """An allele with the status that it has where windows are not spliced."""
    if allele.status == OK and structural(allele.alt):
        return replace(allele, status=SYMBOLIC)
    long = allele.status == OK and changed_length(allele.ref.upper(), allele.alt.upper()) > LONGEST_INDEL
    return replace(allele, status=TOO_LONG) if long else allele


def _refused(path, found, expected):
    return InputError(found, argument="effects", subject=path, expected=expected)
