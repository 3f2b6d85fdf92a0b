"""Effects of alleles as tables: a row an allele, gene and tissue, the best of them, or a column a tissue."""

import numpy as np
import pandas as pd

from expecto.gene_features import along_gene
from spex.effects.inputs import by_fit
from spex.effects.nulls import class_of, path_of, stratum
from spex.files.streamed_tables import Place
from spex.inputs.alleles import OK, structural, trimmed
from spex.inputs.vcf import info_entry

COLUMNS = {
    "variant_id": "string",
    "chrom": "string",
    "pos": "int64",
    "ref": "string",
    "alt": "string",
    "end": "int64",
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
    "effect_sd": "float64",
    "sign_agrees": "float64",
    "quantile": "float64",
    "model": "string",
    "status": "string",
}
"""Columns of the table of effects -> their type. pos: 1-based, as in the file. end: 1-based, of the last base that REF
or a symbolic allele spans; of one whose end is not known, pos. tss_distance: bp along the gene from the TSS to the
first base that changes, as far to the left as it can lie; negative upstream. effects: change of ln(expression); their
standard deviation, and the share of folds that agree in sign, where these were asked for."""

PLACE = Place("chrom", "pos", "end", zero_based=False)

OF_TISSUE = ("tissue", "effect", "effect_own", "effect_contact", "effect_sd", "sign_agrees", "quantile", "model")
"""Columns that differ between the tissues of a pair."""

ROW, ALLELE = "row", "allele"
"""Columns of `VariantRun.tables` beside `COLUMNS`: number of the row in the file, and of the allele in the block: a row
may have several `<DEL>`."""


def block_table(inputs, alleles, block, nulls):
    """A block of alleles as a table, as of `VariantRun.tables`. alleles: list (n). block: ScoredBlock of them. nulls:
    list of NullEffects or None, one a fit."""
    effects, fits, genes = block.effects, inputs.fits, inputs.genes
    names = ("number", "variant_id", "chrom", "pos", "ref", "alt")
    of_alleles = pd.DataFrame({name: [getattr(each, name) for each in alleles] for name in names})
    of_alleles["end"] = [each.end if each.end > 0 else each.pos + max(len(each.ref), 1) - 1 for each in alleles]
    of_alleles = of_alleles.rename(columns={"number": ROW}).astype({"pos": np.int64, "end": np.int64})
    of_alleles["status"] = block.statuses
    pairs = of_alleles.iloc[effects.alleles].reset_index(drop=True)
    reached = genes.iloc[effects.genes]
    pairs["gene_id"], pairs["gene_name"] = reached["id"].to_numpy(), reached["symbol"].to_numpy()
    tss, strands = reached["tss"].to_numpy(np.int64), reached["strand"].to_numpy()
    pairs["tss_distance"] = along_gene(block.starts[effects.alleles], tss, strands)
    paths = zip(effects.through_own, effects.contacts, strict=True)
    pairs["path"] = [path_of(own, len(contacts) > 0) for own, contacts in paths]
    pairs["status"] = effects.status
    pairs["contact_count"], pairs["contact_bin"] = _touched(inputs.contacts, effects.contacts)
    count = len(fits)
    table = by_fit(pairs, fits)
    total = effects.own + effects.contact
    table["effect"] = total.ravel()
    table["effect_own"], table["effect_contact"] = effects.own.ravel(), effects.contact.ravel()
    sure = np.full((len(pairs), 2, count), np.nan) if effects.sure is None else effects.sure
    table["effect_sd"], table["sign_agrees"] = sure[:, 0].ravel(), sure[:, 1].ravel()
    table["quantile"] = _quantiles(pairs, total, nulls).ravel()
    table[ALLELE] = np.repeat(effects.alleles, count)
    others = of_alleles[block.statuses != OK].assign(**{ALLELE: np.flatnonzero(block.statuses != OK)})
    table = pd.concat([table, others]) if len(table) else others.reindex(columns=[ROW, ALLELE, *COLUMNS])
    return table.sort_values(ALLELE, kind="stable")[[ROW, ALLELE, *COLUMNS]].reset_index(drop=True)


def _quantiles(pairs, effects, nulls):
    """Ranks of effects among null variants; NaN for fits without these. effects: float64 (pairs, fits), as returned."""
    ranks = np.full(effects.shape, np.nan)
    if any(nulls):
        strata = np.array([stratum(*each) for each in zip(pairs["path"], pairs["tss_distance"], strict=True)], str)
        classes = np.array([class_in_words(*each) for each in zip(pairs["ref"], pairs["alt"], strict=True)], str)
    for fit, known in enumerate(nulls):
        if known is not None:
            ranks[:, fit] = known.quantiles(strata, classes, effects[:, fit])
    return ranks


def class_in_words(ref, alt):
    """Class of an allele by its letters, as null variants have it; in words for those without a class."""
    _, removed, added = ("", "", "") if structural(alt) else trimmed(ref.upper(), alt.upper())
    return class_of(len(removed), len(added)) or "longer or complex"


def _touched(contacts, numbers):
    """Sum of the counts, and names, of the contacted bins that each pair changes; NaN and None without any."""
    counts, names = np.full(len(numbers), np.nan), [None] * len(numbers)
    for place, contacted in enumerate(numbers):
        if len(contacted):
            counts[place] = contacts.counts[contacted].sum()
            names[place] = ",".join(contacts.names(contacted))
    return counts, names


def best_of_each(table):
    """The row of each allele with the largest |effect|, the first of several; alleles that are not scored stay."""
    size = table["effect"].abs().fillna(-1.0)
    best = size.groupby(table[ALLELE], sort=False).idxmax()
    return table.loc[np.sort(best.to_numpy())]


def best_genes(table):
    """All rows of the gene, of each allele, that has the largest |effect| in any tissue; unscored alleles stay."""

    def pairs(some):
        return some[ALLELE].astype(str) + "\t" + some["gene_id"].astype(object).fillna("")

    return table[pairs(table).isin(pairs(best_of_each(table)))]


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

    Each is Allele|gene_id|gene_name|tissue|path|effect|quantile|effect_sd|sign_agrees of the tissue with the largest
    |effect|.
    """
    scored = table[table["effect"].notna()]
    best = scored["effect"].abs().groupby([scored[ALLELE], scored["gene_id"]], sort=False).idxmax()
    entries = {}
    for row in scored.loc[best.to_numpy()].to_dict("records"):
        known = ["" if np.isnan(row[name]) else f"{row[name]:.4g}" for name in ("quantile", "effect_sd", "sign_agrees")]
        names = [row[name] for name in ("alt", "gene_id", "gene_name", "tissue", "path")]
        entries.setdefault(row[ROW], []).append(info_entry(*names, f"{row['effect']:.6g}", *known))
    return entries
