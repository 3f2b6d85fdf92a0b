"""A page of effects: their table, and the locus of each gene in igv.js, in one file that needs nothing else."""

import logging

import numpy as np
import pandas as pd

from spex.effects.elements import CONTACT
from spex.errors import count, visible
from spex.files.atomic import whole_file
from spex.reports.figures import BLUE, GREY, INK, ORANGE
from spex.reports.numbers import missing
from spex.reports.pages import cells, render

MOST_ROWS = 5_000
"""Rows of a page; more make it slow, and nobody reads them."""
BINS = r":(?P<start>\d+)-(?:.*-)?(?P<end>\d+)$"
"""Start of the first and end of the last of contacted bins, as the table of effects names them."""
MARGIN = 0.06
"""Of the width of a locus, on either side of what is shown there."""
LEAST_WIDTH = 50_000
"""bp of a locus."""
LETTERS = 12
"""Bases of an allele that are shown."""

SHOWN = ("element", "class", "variant", "allele", "effect", "effect_sd", "sign_agrees", "quantile", "effect_own")
SHOWN += ("effect_contact", "path", "distance", "contact", "count", "side", "tissue", "model", "gene_id")
"""Columns after the gene, where a table has them and they are not empty."""

HEADINGS = {"effect_sd": "sd", "sign_agrees": "sign agrees", "effect_own": "by local windows"}
HEADINGS |= {"effect_contact": "by contacts", "distance": "to TSS, bp", "gene_id": "gene id"}

NUMBERS = ("start", "end", "effect", "count", "arc_start", "arc_end")
"""What the script draws of each row: place, effect, count of the contact, and where its arc ends; 0-based half-open."""

logger = logging.getLogger("spex")


def write_element_page(path, table, genes, chromsizes):
    """Write the page of a table of elements: all elements of the genes that have the largest effects.

    path: written whole; the same input gives the same bytes. table: with the columns of
    `spex.effects.elements.COLUMNS`. genes: DataFrame with id, symbol, chrom, tss (1-based), strand. chromsizes:
    chromosome -> length in bp.
    """
    if table.empty:
        return _nothing(path)
    names = {"TargetGeneEnsemblID": "gene_id", "TargetGene": "gene", "chr": "chrom", "Score": "effect"}
    table = table.rename(columns={**names, "DistanceToTSS": "distance", "name": "element"})
    contacts = table["class"] == CONTACT
    table = table.assign(arc_start=table["start"].where(contacts), arc_end=table["end"].where(contacts))
    kept = of_strongest_genes(table, MOST_ROWS)
    return _write(path, "Elements and their effects", kept, len(table), genes, chromsizes, alleles=False)


def write_variant_page(path, strongest, genes, chromsizes):
    """Write the page of alleles that were scored.

    path, genes, chromsizes: as of `write_element_page`; a chromosome without length ends with what is shown there.
    strongest: Strongest, through which all rows went.
    """
    if not strongest.rows:
        return _nothing(path)
    table = strongest.table.rename(columns={"gene_name": "gene", "variant_id": "variant", "tss_distance": "distance"})
    refs, alts = (table[name].fillna("").map(_short) for name in ("ref", "alt"))
    table["allele"] = table["chrom"] + ":" + table["pos"].map(str) + " " + refs + ">" + alts
    table["start"] = table["pos"] - 1
    table["end"] = table["start"] + table["ref"].str.len()
    ends = table["contact_bin"].str.extract(BINS).astype(float)
    table["arc_start"], table["arc_end"] = ends["start"].fillna(table["start"]), ends["end"].fillna(table["end"])
    table = table.rename(columns={"contact_bin": "contact", "contact_count": "count"})
    return _write(path, "Alleles and their effects", table, strongest.rows, genes, chromsizes, alleles=True)


class Strongest:
    """The rows with the largest effects of tables that pass by. rows: number of all that have an effect."""

    def __init__(self, most=MOST_ROWS):
        self._most, self.rows, self.table = most, 0, None

    def passing(self, tables):
        for table in tables:
            scored = table[table["effect"].notna()]
            self.rows += len(scored)
            self.table = _by_size(scored if self.table is None else pd.concat([self.table, scored]))[: self._most]
            yield table


def of_strongest_genes(table, most):
    """Rows of as many genes, the one with the largest effect first, as have no more rows than `most`; of a single gene
    with more the strongest."""
    sizes = table.assign(size=table["effect"].abs()).groupby("gene_id")["size"].agg(["max", "size"])
    sizes = sizes.sort_values("max", ascending=False, kind="stable")
    fitting = sizes.index[: max(1, np.searchsorted(sizes["size"].cumsum(), most, side="right"))]
    return _by_size(table[table["gene_id"].isin(fitting)])[:most]


def _by_size(table):
    return table.iloc[np.argsort(-table["effect"].abs().to_numpy(), kind="stable")]


def _short(bases):
    return bases if len(bases) <= LETTERS else f"{bases[:LETTERS]}… ({len(bases):,} bp)"


def _nothing(path):
    logger.info("nothing has an effect, so there is no %s", path.name)


def _write(path, title, table, rows, genes, chromsizes, *, alleles):
    """Write a page. table: its rows, the strongest first. rows: how many there are in all."""
    some = f"those with the largest effects of {rows:,} rows" if len(table) < rows else "all there are"
    about = f"{count(len(table), 'row')} of {count(table['gene_id'].nunique(), 'gene')}, {some}"
    texts = table.select_dtypes(exclude="number").columns
    table = table.assign(**{name: table[name].astype(object).map(visible, na_action="ignore") for name in texts})
    table["gene"] = _named(table["gene"], table["gene_id"])
    shown = table[["gene", *(name for name in SHOWN if name in table and table[name].notna().any())]]
    genes = genes.assign(symbol=_named(genes["symbol"], genes["id"]).map(visible), id=genes["id"].map(visible))
    data = _data(table, genes, chromsizes) | {"alleles": alleles}
    text = render("effects.html", title=title, about=about, shown=cells(shown, list(shown), HEADINGS), data=data)
    with whole_file(path) as file:
        file.write(text.encode())
    logger.info("%s: %s", path.name, about)


def _named(symbols, ids):
    return symbols.where(symbols.fillna("") != "", ids)


def _data(table, genes, chromsizes):
    """What the page's script draws: dict of JSON values. Genes are those of the table, the strongest first, each with
    its locus, 0-based half-open; beside are others that have their TSS there."""
    loci = table.groupby("gene_id", sort=False).agg(start=("start", "min"), end=("end", "max"))
    loci = loci.join(genes.set_index("id")).rename_axis("id").reset_index()
    low, high = np.minimum(loci["start"], loci["tss"] - 1), np.maximum(loci["end"], loci["tss"])
    margin = np.maximum(MARGIN * (high - low), (LEAST_WIDTH - (high - low)) / 2)
    loci["start"], loci["end"] = np.maximum(low - margin, 0).astype(int), (high + margin).astype(int)
    lengths = {str(chrom): int(chromsizes.get(chrom, end)) for chrom, end in loci.groupby("chrom")["end"].max().items()}
    loci["end"] = np.minimum(loci["end"], loci["chrom"].map(lengths))
    others = genes[~genes["id"].isin(loci["id"])].merge(loci[["chrom", "start", "end"]], on="chrom")
    others = others[(others["start"] < others["tss"]) & (others["tss"] <= others["end"])].drop_duplicates("id")
    fits = table[["tissue", "model"]].drop_duplicates("model")
    several = fits["tissue"].duplicated(keep=False)
    columns = ["symbol", "id", "chrom", "tss", "strand"]
    return {
        "colours": {"gain": BLUE, "loss": ORANGE, "nothing": GREY, "gene": INK},
        "chromosomes": list(lengths.items()),
        "genes": loci[[*columns, "start", "end"]].to_numpy(object).tolist(),
        "beside": others[columns].to_numpy(object).tolist(),
        "fits": fits["tissue"].where(~several, fits["tissue"] + " (" + fits["model"] + ")").tolist(),
        "rows": {
            "gene": pd.Categorical(table["gene_id"], loci["id"]).codes.tolist(),
            "fit": pd.Categorical(table["model"], fits["model"]).codes.tolist(),
            **{name: [_plain(value) for value in table[name].tolist()] for name in NUMBERS},
        },
    }


def _plain(value):
    """A number as JSON has it in few letters."""
    return None if missing(value) else int(value) if value == int(value) else float(f"{value:.6g}")
