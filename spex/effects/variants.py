"""Effects of the alleles of a variant file on the genes that each can reach, block by block of the file.

A run that is stopped goes on from the parts that are there; processes and shards make parts side by side.
"""

import contextlib
import logging
import tempfile
from collections import Counter
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from expecto.network import BELUGA
from spex.effects.alleles import AlleleScorer
from spex.effects.linear import LinearModels
from spex.effects.nulls import path_of
from spex.effects.parts import Parts, ScoredBlock
from spex.effects.quantiles import load_nulls, stratum
from spex.effects.sequences import Change
from spex.errors import InputError
from spex.features.devices import work_on
from spex.inputs.agree import names_in
from spex.inputs.alleles import OK, Allele, allele_status
from spex.inputs.variant_files import VariantFile, info_entry
from spex.progress import progress

BLOCK_ROWS = 256
"""Rows of the file that are scored and kept together."""

REF_MISMATCH = "ref_mismatch"
SHOWN_BASES = 10
COLUMNS = {
    "variant_id": "string",
    "chrom": "string",
    "pos": "int64",
    "ref": "string",
    "alt": "string",
    "gene_id": "string",
    "gene_name": "string",
    "tissue": "string",
    "tss_distance": "float64",
    "path": "string",
    "contact_count": "float64",
    "contact_bin": "string",
    "effect": "float64",
    "effect_own": "float64",
    "effect_contact": "float64",
    "quantile": "float64",
    "model": "string",
    "status": "string",
}
"""Columns of the table of effects -> what they hold. pos: 1-based, as in the file. tss_distance: bp along the gene from
the TSS to the first base that changes, negative upstream. effects: change of ln(expression)."""

OF_TISSUE = ("tissue", "effect", "effect_own", "effect_contact", "quantile", "model")
"""Columns that differ between the tissues of a pair."""

ROW = "row"
"""Column of `VariantRun.tables` beside `COLUMNS`: number of the row in the file."""

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
        """Make the parts that are missing. shard: divisor and remainder of the numbers of blocks; all without it."""
        self.parts.claim()
        divisor, remainder = shard or (1, 0)
        wanted = [number for number in range(len(self.sizes)) if number % divisor == remainder]
        missing = [number for number in wanted if not self.parts.has(number)]
        logger.info("%d blocks of %d rows, %d done before", len(wanted), self.block_rows, len(wanted) - len(missing))
        devices = self.inputs.sources.devices
        with progress(sum(self.sizes[number] for number in missing), "alleles", "variants") as advance:
            if not missing:
                return
            work = partial(_score_blocks, self.inputs, self.file.path, self._regions, self.parts, self.block_rows)
            if len(devices) == 1:
                work(devices[0], missing, advance)
            else:
                shares = [missing[place :: len(devices)] for place in range(len(devices))]
                work_on(devices, work, shares, advance)

    @property
    def is_complete(self):
        """Whether every part is there, whoever made it."""
        return all(self.parts.has(number) for number in range(len(self.sizes)))

    def tables(self):
        """Yields: for each block, DataFrame with `COLUMNS` and `ROW`, a row an allele, gene and tissue.

        Alleles that are not scored have one row without gene; those that reach no gene have none.
        """
        nulls = _nulls_of(self.inputs)
        for number, alleles in enumerate(self.file.blocks(self.block_rows)):
            yield block_table(self.inputs, alleles, self.parts.load(number), nulls)

    def counts(self):
        """How many alleles have which status, and how many of those that were scored reach no gene: Counter."""
        counts = Counter()
        for number in range(len(self.sizes)):
            part = self.parts.load(number)
            counts.update(part.statuses.tolist())
            counts["without a gene"] += int((part.statuses == OK).sum()) - len(np.unique(part.effects.alleles))
        return counts


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


def block_table(inputs, alleles, block, nulls):
    """A block of alleles as a table, as of `VariantRun.tables`. alleles: list (n). block: ScoredBlock of them. nulls:
    list of NullEffects or None, one a fit."""
    effects, fits, genes = block.effects, inputs.fits, inputs.genes
    of_alleles = pd.DataFrame(
        {
            ROW: [each.number for each in alleles],
            "variant_id": [each.variant_id for each in alleles],
            "chrom": [each.chrom for each in alleles],
            "pos": np.array([each.pos for each in alleles], np.int64),
            "ref": [each.ref for each in alleles],
            "alt": [each.alt for each in alleles],
            "status": block.statuses,
        }
    )
    pairs = of_alleles.iloc[effects.alleles].reset_index(drop=True)
    reached = genes.iloc[effects.genes]
    pairs["gene_id"], pairs["gene_name"] = reached["id"].to_numpy(), reached["symbol"].to_numpy()
    pairs["tss_distance"] = _distances(alleles, effects, reached)
    paths = zip(effects.through_own, effects.contacts, strict=True)
    pairs["path"] = [path_of(own, len(contacts) > 0) for own, contacts in paths]
    pairs["contact_count"], pairs["contact_bin"] = _touched(inputs.contacts, effects.contacts)
    count = len(fits)
    table = pairs.loc[pairs.index.repeat(count)].reset_index(drop=True)
    table["tissue"] = np.tile([each.tissue for each in fits], len(pairs))
    table["model"] = np.tile([each.name for each in fits], len(pairs))
    table["effect"] = (effects.own + effects.contact).ravel()
    table["effect_own"], table["effect_contact"] = effects.own.ravel(), effects.contact.ravel()
    strata = np.array([stratum(*each) for each in zip(pairs["path"], pairs["tss_distance"], strict=True)], dtype=str)
    quantiles = np.full((len(pairs), count), np.nan)
    for number, known in enumerate(nulls):
        if known is not None:
            quantiles[:, number] = known.quantiles(strata, (effects.own + effects.contact)[:, number])
    table["quantile"] = quantiles.ravel()
    table["place"] = np.repeat(effects.alleles, count)
    others = of_alleles[block.statuses != OK].assign(place=np.flatnonzero(block.statuses != OK))
    table = pd.concat([table, others]) if len(table) else others.reindex(columns=[ROW, *COLUMNS, "place"])
    return table.sort_values("place", kind="stable")[[ROW, *COLUMNS]].reset_index(drop=True)


def _distances(alleles, effects, reached):
    """Bp from the TSS to the first base that changes, along the gene: negative is upstream. Returns: (m,) int64."""
    changes = {
        number: Change.of("", alleles[number].pos, alleles[number].ref.upper(), alleles[number].alt.upper(), CODE_OF)
        for number in np.unique(effects.alleles).tolist()
    }
    starts = np.array([changes[number].start for number in effects.alleles.tolist()], dtype=np.int64)
    along = np.where(reached["strand"] == "+", 1, -1)
    return along * (starts - (reached["tss"].to_numpy(np.int64) - 1))


def _touched(contacts, numbers):
    """Sum of the counts, and names, of the contacted bins that each pair changes; NaN and None without any."""
    counts, names = np.full(len(numbers), np.nan), [None] * len(numbers)
    for place, touched in enumerate(numbers):
        if len(touched):
            counts[place] = contacts.counts[touched].sum()
            chrom = contacts.chroms[np.searchsorted(contacts.offsets, touched[0], side="right") - 1]
            starts = contacts.bins[touched].astype(np.int64) * contacts.resolution
            names[place] = ",".join(f"{chrom}:{start}-{start + contacts.resolution}" for start in starts.tolist())
    return counts, names


def best_of_each(table):
    """The row of each allele with the largest |effect|, the first of several; alleles that are not scored stay."""
    size = table["effect"].abs().fillna(-1.0)
    best = size.groupby([table[ROW], table["alt"]], sort=False).idxmax()
    return table.loc[np.sort(best.to_numpy())]


def best_genes(table):
    """All rows of the gene, of each allele, that has the largest |effect| in any tissue; unscored alleles stay."""
    best = best_of_each(table)
    keys = [
        table[ROW].astype(str) + "\t" + table["alt"] + "\t" + table["gene_id"].fillna("") for table in (table, best)
    ]
    return table[keys[0].isin(keys[1])]


def wide_columns(inputs):
    """Columns of `wide_table`: those that no tissue changes, then one for each model, called by its tissue, or by the
    model itself where several are of one tissue."""
    tissues = [each.tissue for each in inputs.fits]
    names = [each.name if tissues.count(each.tissue) > 1 else each.tissue for each in inputs.fits]
    kept = {name: kind for name, kind in COLUMNS.items() if name not in OF_TISSUE}
    return kept | dict.fromkeys(names, "float64")


def wide_table(table, inputs):
    """A table of a block with one row an allele and gene, and the effect in each tissue in a column of its own."""
    columns = list(wide_columns(inputs))
    kept, names = columns[: -len(inputs.fits)], columns[-len(inputs.fits) :]
    scored = table["model"].notna()
    rows = table[~scored | (table["model"] == inputs.fits[0].name)]
    effects = np.full((len(rows), len(names)), np.nan)
    effects[rows["model"].notna()] = table.loc[scored, "effect"].to_numpy(np.float64).reshape(-1, len(names))
    return pd.concat([rows[kept].reset_index(drop=True), pd.DataFrame(effects, columns=names)], axis=1)


def info_entries(table):
    """What an annotated variant file says of each row: dict of row number to entries, one an allele and gene.

    Each is Allele|gene_id|gene_name|tissue|path|effect|quantile of the tissue with the largest |effect|.
    """
    scored = table[table["effect"].notna()]
    best = scored["effect"].abs().groupby([scored[ROW], scored["alt"], scored["gene_id"]], sort=False).idxmax()
    entries = {}
    for row in scored.loc[best.to_numpy()].to_dict("records"):
        quantile = "" if np.isnan(row["quantile"]) else f"{row['quantile']:.4g}"
        told = [row[name] for name in ("alt", "gene_id", "gene_name", "tissue", "path")]
        entries.setdefault(row[ROW], []).append(info_entry(*told, f"{row['effect']:.6g}", quantile))
    return entries


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
        for alt in str(alts).split(","):
            status = allele_status(str(ref), alt, pos, sizes.get(on))
            alleles.append(Allele(number, variant_id, chrom, pos, str(ref), alt, on, status))
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
