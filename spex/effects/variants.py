"""Effects of the alleles of a variant file on the genes that each can reach, block by block of the file.

A run that is stopped goes on from the parts that are there; processes and shards make parts side by side.
"""

import contextlib
import logging
import tempfile
from collections import Counter
from functools import cached_property, partial
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from expecto.network import BELUGA
from spex.effects.alleles import AlleleScorer
from spex.effects.linear import LinearModels
from spex.effects.parts import Parts, ScoredBlock
from spex.effects.quantiles import load_nulls
from spex.effects.sequences import Change
from spex.effects.variant_tables import COLUMNS, block_table
from spex.errors import InputError
from spex.features.devices import work_on
from spex.inputs.alleles import OK, alleles_of_row
from spex.inputs.chromosomes import names_in
from spex.inputs.variant_files import VariantFile
from spex.progress import progress

BLOCK_ROWS = 256
"""Rows of the file that are scored and kept together."""

REF_MISMATCH = "ref_mismatch"
SHOWN_BASES = 10
CODE_OF = {letter: code for code, letter in enumerate(BELUGA.bases)}

logger = logging.getLogger("spex")


def status_of(allele, genome):
    """Whether an allele can be scored: `OK`, or why not. allele: as of `VariantFile`. genome: Genome."""
    if allele.status != OK:
        return allele.status
    there = genome.codes(allele.on, allele.pos - 1, allele.pos - 1 + len(allele.ref))
    wanted = [CODE_OF[letter] for letter in allele.ref.upper()]
    return OK if np.array_equal(there, wanted) else REF_MISMATCH


def score_block(scorer, genome, alleles):
    """Score some alleles. scorer: AlleleScorer. Returns: ScoredBlock."""
    statuses = np.array([status_of(allele, genome) for allele in alleles], dtype=str)
    scored = np.flatnonzero(statuses == OK)
    of_scored = [alleles[number] for number in scored]
    found = scorer.effects(
        [Change.of(each.on, each.pos, each.ref.upper(), each.alt.upper(), CODE_OF) for each in of_scored]
    )
    found.alleles[:] = scored[found.alleles]
    return ScoredBlock(statuses, found)


class VariantRun:
    """A variant file's effects in a folder.

    inputs: EffectInputs with linear models. path, regions: as of VariantFile. root: Path of the folder. block_rows:
    rows of the file a part.

    file: VariantFile. sizes: alleles of each block.

    Raises:
        InputError: the file cannot be read to its end; it holds no allele that agrees with the genome; or the folder
            was made from something else.
    """

    def __init__(self, inputs, path, root, *, regions=(), block_rows=BLOCK_ROWS):
        self.inputs, self.block_rows, self._regions = inputs, block_rows, list(regions)
        self.file = open_variants(path, inputs, regions)
        identity = {"variants": self.file.sha256, "regions": self._regions, "block_rows": block_rows}
        self.parts = Parts(root, inputs.identity() | identity)
        self.parts.check()
        self.sizes = self._look_through()

    def _look_through(self):
        """Read the whole file once, before anything is computed or written. Returns: alleles of each block."""
        sizes, statuses, wrong = [], Counter(), None
        with contextlib.closing(self.inputs.genome()) as genome:
            for alleles in self.file.blocks(self.block_rows):
                sizes.append(len(alleles))
                for allele in () if statuses[OK] else alleles:
                    status = status_of(allele, genome)
                    statuses[status] += 1
                    wrong = allele if status == REF_MISMATCH and wrong is None else wrong
            if wrong is None or statuses[OK]:
                return sizes
            there = genome.codes(wrong.on, wrong.pos - 1, wrong.pos - 1 + min(len(wrong.ref), SHOWN_BASES))
            there = "".join((BELUGA.bases + "N")[code] for code in there)
        raise InputError(
            f"REF differs from the genome in all {statuses[REF_MISMATCH]:,} alleles that could be scored; at "
            f"{wrong.chrom}:{wrong.pos} it is {wrong.ref[:SHOWN_BASES]}, the genome has {there}",
            argument="variants",
            subject=self.file.path,
            expected="variants called on the genome that the tensors were made from",
            hint="are they of another build?",
        )

    def score(self, shard=None):
        """Make the parts that are missing.

        shard: divisor and remainder of the numbers of blocks to do; all without it.

        Returns: whether every part is there now, whoever made it.
        """
        self.parts.claim()
        divisor, remainder = shard or (1, 0)
        wanted = [number for number in range(len(self.sizes)) if number % divisor == remainder]
        missing = [number for number in wanted if not self.parts.has(number)]
        logger.info("%d blocks of %d rows, %d done before", len(wanted), self.block_rows, len(wanted) - len(missing))
        devices = self.inputs.sources.devices
        with progress(sum(self.sizes[number] for number in missing), "alleles", "variants") as advance:
            work = partial(_score_blocks, self.inputs, self.file.path, self._regions, self.parts, self.block_rows)
            if missing and len(devices) == 1:
                work(devices[0], missing, advance)
            elif missing:
                shares = [missing[place :: len(devices)] for place in range(len(devices))]
                work_on(devices, work, shares, advance)
        return all(self.parts.has(number) for number in set(range(len(self.sizes))).difference(wanted))

    def tables(self):
        """Yields: for each block, DataFrame with `COLUMNS` and `ROW`, a row an allele, gene and tissue.

        Alleles that are not scored have one row without gene; those that reach no gene have none. `counts` is then how
        many alleles have which status, and how many of those that were scored reach no gene: Counter.
        """
        self.counts = Counter()
        for number, alleles in enumerate(self.file.blocks(self.block_rows)):
            part = self.parts.load(number)
            self.counts.update(part.statuses.tolist())
            self.counts["without a gene"] += int((part.statuses == OK).sum()) - len(np.unique(part.effects.alleles))
            yield block_table(self.inputs, alleles, part, self._nulls)

    @cached_property
    def _nulls(self):
        return _nulls_of(self.inputs)


def _nulls_of(inputs):
    """NullEffects of each fit, None for those that have none."""
    nulls = [load_nulls(each.folder, null_identity(inputs, each)) for each in inputs.fits]
    without = nulls.count(None)
    if without:
        logger.info(
            "%d of %d models have no null variants, so their quantiles are empty; make them with: spex variants %s",
            *(without, len(nulls), "null"),
        )
    return nulls


def null_identity(inputs, fit):
    """What effects of null variants depend on, beside number and seed: dict of JSON values."""
    return {"tensors": inputs.settings.recorded(), "files": fit.sha256}


def _score_blocks(inputs, path, regions, parts, block_rows, device, numbers, advance):
    """Score blocks of a file on one device and keep each as a part. numbers: rising. Returns: Counter."""
    file = open_variants(path, inputs, regions)
    with inputs.computer(device) as computer:
        scorer = AlleleScorer(computer, inputs.genes, inputs.index(), LinearModels(inputs.fits))
        wanted = set(numbers)
        for number, alleles in enumerate(islice(file.blocks(block_rows), numbers[-1] + 1)):
            if number in wanted:
                parts.save(number, score_block(scorer, computer.genome, alleles))
                advance(len(alleles))
        return computer.counts


def effects_of_file(inputs, path):
    """Effects of a variant file at once, in memory: DataFrame with `COLUMNS`. path: of the file."""
    with tempfile.TemporaryDirectory() as folder:
        run = VariantRun(inputs, path, Path(folder))
        run.score()
        return _without_rows(list(run.tables()))


def effects_of_table(inputs, variants):
    """Effects of a table of variants, in memory: DataFrame with `COLUMNS`.

    variants: DataFrame with chrom, pos (1-based), ref, alt, and id where they have one.

    Raises:
        InputError: a column is missing, or a position is no whole number.
    """
    missing = [name for name in ("chrom", "pos", "ref", "alt") if name not in variants.columns]
    if missing:
        raise InputError(
            f"no column {', '.join(missing)}", argument="variants", expected="chrom, pos (1-based), ref, alt"
        )
    positions = pd.to_numeric(variants["pos"], errors="coerce")
    if not (np.isfinite(positions) & (positions == np.floor(positions))).all():
        raise InputError("positions that are no whole numbers", argument="variants", expected="1-based positions")
    with contextlib.closing(inputs.genome()) as genome:
        sizes = genome.chromsizes
    ids = variants["id"].fillna(".").astype(str) if "id" in variants.columns else ["."] * len(variants)
    columns = (ids, variants["chrom"].astype(str), positions.astype(np.int64), *(variants[n] for n in ("ref", "alt")))
    alleles = []
    for number, (variant_id, chrom, pos, ref, alts) in enumerate(zip(*columns, strict=True)):
        on = names_in(sizes, [chrom]).get(chrom)
        alleles += alleles_of_row(number, variant_id, chrom, pos, str(ref), str(alts), on, sizes.get(on))
    with (
        inputs.computer(inputs.sources.devices[0]) as computer,
        progress(len(alleles), "alleles", "variants") as advance,
    ):
        scorer = AlleleScorer(computer, inputs.genes, inputs.index(), LinearModels(inputs.fits))
        block = score_block(scorer, computer.genome, alleles)
        advance(len(alleles))
    return _without_rows([block_table(inputs, alleles, block, _nulls_of(inputs))])


def _without_rows(tables):
    empty = pd.DataFrame(columns=list(COLUMNS))
    return pd.concat([table[list(COLUMNS)] for table in tables], ignore_index=True) if tables else empty


def open_variants(path, inputs, regions=()):
    """The variant file at a path, on the genome of `inputs`. regions: as of VariantFile."""
    with contextlib.closing(inputs.genome()) as genome:
        return VariantFile(path, genome.chromsizes, regions)
