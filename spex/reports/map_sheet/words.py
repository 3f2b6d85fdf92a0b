"""A map's data sheet in words."""

from spex.contacts.sheet import GROUPS
from spex.errors import visible

UNKNOWN = "not told by this format"


def sheet_text(sheet):
    """A data sheet as lines of text, one subject a line. sheet: MapSheet."""
    lines = [f"{visible(sheet.path)}"]
    lines += [f"  {what:<21} {told}" for what, told in facts(sheet).items()]
    return "\n".join(lines)


def facts(sheet):
    """What a sheet says, in the order in which it is told: dict of subject -> words."""
    told = {
        "resolution": f"{sheet.resolution:,} bp (it has {', '.join(f'{each:,}' for each in sheet.resolutions)})",
        "chromosomes": f"{sheet.chromosomes:,}",
        "pixels": f"{sheet.cis_pixels:,} within chromosomes, between them {_number(sheet.trans_pixels)}",
        "counts": f"{_number(sheet.cis_counts)} within chromosomes, between them {_number(sheet.trans_counts)}",
        "cis share": UNKNOWN if sheet.cis_share is None else percent(sheet.cis_share),
        "depth": f"{_number(sheet.depth)} counts within {'all' if sheet.genes is None else 'the genes’'} chromosomes",
        "counts by distance": _joined(percent(share) for share in sheet.by_group()["share"]),
        "coverage of bins": _coverage(sheet.summary()["coverage_of_bins"]),
    }
    return told if sheet.genes is None else told | _of_genes(sheet)


def _of_genes(sheet):
    """The part that is about genes."""
    of_genes, groups = sheet.summary()["genes"], sheet.by_group()
    elsewhere = f", {of_genes['on_other_chromosomes']:,} more on other chromosomes" if sheet.genes_elsewhere else ""
    tss, every = (of_genes["coverage_of_tss_bins"], sheet.summary()["coverage_of_bins"])
    times = f"; mean {tss['mean'] / every['mean']:.2g} times that of all bins" if every and every["mean"] else ""
    return {
        "genes": f"{of_genes['genes']:,}{elsewhere}",
        "genes without a pixel": f"{of_genes['without_pixel']:,}; {of_genes['without_pixel_from_20_kb']:,} without one "
        "at 20 kb or more",
        "coverage of TSS bins": f"{_coverage(tss)}{times}",
        "contacts per gene": _joined(f"{row.mean:.3g}" for row in groups.itertuples()),
        "genes with a contact": _joined(f"{row.genes:,}" for row in groups.itertuples()),
    }


def percent(share):
    """A share as text."""
    return f"{100 * share:.3g} %"


def _joined(values):
    """A value for each group of distances."""
    return ", ".join(f"{value} {group}" for value, group in zip(values, GROUPS, strict=True))


def _coverage(quantiles):
    if quantiles is None:
        return "no bin"
    return f"median {quantiles['median']:,.4g} (quartiles {quantiles['lower']:,.4g} and {quantiles['upper']:,.4g})"


def _number(value):
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value == round(value) else f"{value:,.6g}"
