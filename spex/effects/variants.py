"""Effects of the alleles of a variant file on the genes that each can reach, block by block of the file.

A run that was stopped continues from the blocks that are there; processes and shards score blocks side by side.
"""

import contextlib
import logging
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from spex.effects.alleles import ARRAYS, Effects, scorer_of
from spex.effects.changes import Agreement, Change
from spex.effects.nulls import load_nulls
from spex.effects.uncertainty import uncertainty_of
from spex.effects.variant_tables import COLUMNS, block_table, class_in_words
from spex.errors import InputError, count, parameter
from spex.features.devices import work_on
from spex.files import sealed
from spex.files.atomic import remove_abandoned
from spex.files.checks import is_piped
from spex.files.sealed import DamagedFileError
from spex.inputs.account import Account
from spex.inputs.alleles import OK, VariantTable
from spex.inputs.choices import Blocks
from spex.inputs.variant_files import VariantFile
from spex.progress import progress

FORMAT = 5
"""Version of the numbers: a change that alters any raises it, and folders made before are then refused."""

logger = logging.getLogger("spex")


@dataclass(frozen=True, eq=False)
class ScoredBlock:
    """A block of n alleles. statuses: (n,) text of each, as of `Allele`. starts: (n,) int64, 0-based, of the first base
    that changes, as far to the left as it can lie; -1 of those that are not scored. effects: Effects of those that
    reach a gene."""

    statuses: np.ndarray
    starts: np.ndarray
    effects: Effects


class Parts:
    """The scored blocks of a run in its folder, each whole or not there.

    root: Path. identity: dict of JSON values that says what effects depend on.

    unit: what they are effects of, plural.
    """

    unit = "alleles"

    def __init__(self, root, identity):
        self.folder, self._record = root / "parts", root / "effects.json"
        self._identity = {"format": FORMAT, "unit": self.unit, **identity}

    def claim(self):
        """Tie the folder to what it is made from; errors as of `check`."""
        self.check()
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._record.exists():
            sealed.save_sealed_json(self._record, self._identity, once=True)
        self.check()  # of several first runs at once, one made the file

    def check(self):
        """Refuse, without writing anything, a folder that was made from something else, or whose record is damaged."""
        try:
            made = sealed.load_sealed_json(self._record)
        except FileNotFoundError:
            return
        except DamagedFileError as error:
            found = "damaged, so it is not known what the parts beside it were made from"
            raise InputError(found, subject=self._record, hint=f"give another {parameter('out')}") from error
        for name in sorted({*made, *self._identity}, key=lambda name: (name not in ("format", "unit"), name)):
            if made.get(name) != self._identity.get(name):
                differ = f"{name.replace('_', ' ')} differ from those that this folder was made from"
                raise InputError(
                    f"this folder has effects of {made.get(name)}, not of {self.unit}" if name == "unit" else differ,
                    subject=self._record,
                    hint=f"give the same to go on, or another {parameter('out')}",
                )

    def has(self, number):
        """Whether a part is there and whole."""
        return sealed.if_whole(sealed.load_sealed, self._path(number)) is not None

    def load(self, number):
        """ScoredBlock of a part; None where it is not there, or damaged."""
        stored = sealed.if_whole(sealed.load_arrays, self._path(number))
        if stored is None:
            return None
        contacts = np.split(stored["contacts"], stored["offsets"][1:-1])[: len(stored["alleles"])]
        effects = Effects(**{name: stored[name] for name in ARRAYS}, contacts=contacts, sure=stored.get("sure"))
        return ScoredBlock(stored["statuses"], stored["starts"], effects)

    def save(self, number, block):
        effects = block.effects
        arrays = {
            "statuses": block.statuses,
            "starts": block.starts,
            **{name: getattr(effects, name) for name in ARRAYS},
            "contacts": np.concatenate([np.empty(0, np.int64), *effects.contacts]),
            "offsets": np.concatenate([[0], np.cumsum([len(each) for each in effects.contacts], dtype=np.int64)]),
            **({} if effects.sure is None else {"sure": effects.sure}),
        }
        sealed.save_arrays(self._path(number), arrays)

    def _path(self, number):
        return self.folder / f"{number:07d}.npz"


def score_block(scorer, genome, alleles):
    """Score some alleles. scorer: AlleleScorer. Returns: ScoredBlock."""
    agreement = Agreement(genome)
    statuses = np.array(list(map(agreement.status, alleles)), dtype=str)
    scored = np.flatnonzero(statuses == OK)
    chosen = [alleles[number] for number in scored]
    changes = [Change.of_allele(each, genome).leftmost(genome) for each in chosen]
    found = scorer.effects(changes)
    found.alleles[:] = scored[found.alleles]
    starts = np.full(len(alleles), -1, np.int64)
    starts[scored] = [change.start for change in changes]
    return ScoredBlock(statuses, starts, found)


class VariantRun:
    """A variant file's effects in a folder.

    inputs: EffectInputs with linear models. file: of `open_variants`. root: Path of the folder. block_rows: rows of the
    file a part.

    sizes: alleles of each block.

    Raises:
        InputError: the file cannot be read to its end; its alleles do not agree with the genome; kept null variants
            are damaged; or the folder was made from something else.
    """

    def __init__(self, inputs, file, root, *, block_rows=Blocks.block_size):
        self.inputs, self.file, self.block_rows = inputs, file, block_rows
        identity = {"variants": file.sha256, "regions": list(file.regions), "block_rows": block_rows}
        self.parts = Parts(root, inputs.identity() | identity)
        self.parts.check()
        self.sizes = self._look_through()
        self._nulls = _nulls_of(inputs)

    def _look_through(self):
        """Read the whole file once, before anything is computed or written. Returns: alleles of each block."""
        with contextlib.closing(self.inputs.genome()) as genome:
            agreement = Agreement(genome)
            sizes = [len(list(map(agreement.status, alleles))) for alleles in self._alleles()]
            agreement.report(self.file.about, self.file.doubts)
        self.inputs.watch.check()
        return sizes

    def _alleles(self):
        """Blocks of the file's alleles, for the look through them."""
        return self.file.blocks(self.block_rows)

    def _work(self):
        """What makes parts, from a device, their numbers, and a function to call with how much of them is done."""
        return partial(_score_blocks, self.inputs, self.file, self.parts, self.block_rows)

    def score(self, shard=None):
        """Make the parts that are missing. Returns: whether every part is there now, by any process.

        shard: divisor and remainder of the numbers of blocks to do; all without it.
        """
        self.parts.claim()
        divisor, remainder = shard or (1, 0)
        wanted = [number for number in range(len(self.sizes)) if number % divisor == remainder]
        missing = [number for number in wanted if not self.parts.has(number)]
        blocks = count(len(wanted), "block")
        logger.info("%s of %s, %d done before", blocks, self.parts.unit, len(wanted) - len(missing))
        devices = self.inputs.sources.devices
        with progress(sum(self.sizes[number] for number in missing), self.parts.unit, "variants") as advance:
            work = self._work()
            if missing and len(devices) == 1:
                work(devices[0], missing, advance)
            elif missing:
                shares = [missing[place :: len(devices)] for place in range(len(devices))]
                work_on(devices, work, shares, advance)
        remove_abandoned(self.parts.folder)  # of a run that was killed and whose processes outlived the start of this
        return all(self.parts.has(number) for number in set(range(len(self.sizes))).difference(wanted))

    def tables(self):
        """Yields: for each block, DataFrame with `COLUMNS`, `ROW` and `ALLELE`, a row an allele, gene and tissue.

        Alleles that are not scored have one row without gene; those that reach no gene have none. `account` then has
        how many alleles are scored and reach a gene, and why others do not: Account.
        """
        self.account = Account(self.file.about.get("subject", "variants"), "alleles")
        unranked, fits = Counter(), self.inputs.fits
        for number, alleles in enumerate(self.file.blocks(self.block_rows)):
            part = self.parts.load(number)
            count_block(self.account, part)
            table = block_table(self.inputs, alleles, part, self._nulls)
            unranked.update(_unranked(table, [each.name for each, kept in zip(fits, self._nulls, strict=True) if kept]))
            yield table
        self.inputs.watch.check()
        if unranked:
            kinds = ", ".join(f"{name}: {alleles:,}" for name, alleles in sorted(unranked.items()))
            self.account.notes.append(
                f"no quantile for want of null variants of the class and place ({kinds}); more of them can be drawn"
            )


def _unranked(table, models):
    """Alleles by class that have no quantile in some model that has null variants: Counter. table: of a block."""
    without = table[table["quantile"].isna() & table["effect"].notna() & table["model"].isin(models)]
    without = without.drop_duplicates(["chrom", "pos", "ref", "alt"])
    return Counter(class_in_words(*each) for each in zip(without["ref"], without["alt"], strict=True))


def count_block(account, block):
    """Count the alleles of a ScoredBlock in an Account: those that are scored and reach a gene are used."""
    effects, counts = block.effects, Counter(block.statuses.tolist())
    reaching, scored = (len(np.unique(some)) for some in (effects.alleles, effects.alleles[effects.status == OK]))
    account.used += scored
    account.leave_out("that reach no gene", counts.pop(OK, 0) - reaching)
    account.leave_out("whose genes have no effect", reaching - scored)
    for status, pairs in sorted(Counter(effects.status[effects.status != OK].tolist()).items()):
        account.leave_out(f"pairs with a gene that are {status}", pairs)
    for status, alleles in sorted(counts.items()):
        account.leave_out(status, alleles)


def _nulls_of(inputs):
    """NullEffects of each fit, None for those that have none."""
    again, nulls = f"spex variants null {inputs.folder.root}", []
    for each in inputs.fits:
        try:
            nulls.append(load_nulls(each.folder, null_identity(inputs, each)))
        except DamagedFileError as error:
            raise InputError(
                "its null variants are damaged, or a part of them is gone",
                argument="fit",
                subject=each.folder,
                hint=f"make them again with: {again}",
            ) from error
    if without := nulls.count(None):
        logger.info(
            "no null variants of %s, so quantiles are empty there; make them with: %s",
            *(count(without, "model"), again),
        )
    return nulls


def null_identity(inputs, fit):
    """What effects of null variants depend on, beside number and seed: dict of JSON values."""
    return {"tensors": inputs.settings.recorded(), "files": fit.sha256}


def _score_blocks(inputs, file, parts, block_rows, device, numbers, advance):
    """Score blocks of a file, by their numbers, rising, on one device; keep each as a part. Returns: Counter."""
    with inputs.computer(device) as computer:
        scorer = scorer_of(inputs, computer, uncertainty_of(inputs, device))
        wanted = set(numbers)
        for number, alleles in enumerate(islice(file.blocks(block_rows), numbers[-1] + 1)):
            if number in wanted:
                block = score_block(scorer, computer.genome, alleles)
                inputs.watch.check()
                parts.save(number, block)
                advance(len(alleles))
        return computer.counts


def open_variants(inputs, variants, regions=()):
    """What a VariantRun goes through. variants: path of a file, or DataFrame. regions: as of VariantFile."""
    inputs.require_network()
    in_memory = isinstance(variants, pd.DataFrame)
    if not in_memory and not is_piped(variants):
        inputs.watch.add("variants", variants)
    sizes = inputs.chromsizes()
    return VariantTable(variants, sizes) if in_memory else VariantFile(variants, sizes, regions)


def effects_of(inputs, variants):
    """Effects of variants at once, in memory: DataFrame with `COLUMNS`, and in its attrs what was used and left out.

    variants: as of `open_variants`.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = VariantRun(inputs, open_variants(inputs, variants), Path(folder))
        run.score()
        tables = [each[list(COLUMNS)] for each in run.tables()]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
    table.attrs["account"] = run.account.summary()
    run.account.report()
    return table
