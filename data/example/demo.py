"""Run the whole program on the embedded example, with stand-in weights, up to a verdict, an element and an allele.

    python -m data.example.demo

Writes into data/demo/. Started again it goes on where it was, or shows the results again when nothing is left to do.
"""

import re

import pandas as pd

from data.example.demo_runs import DEMO, end, run, stand_in_weights
from data.example.planted import planted_bins
from data.example.small_study import PAGE, compare_small_study
from spex.example import GENE, TISSUE

GENES = ("--genes_filename", DEMO / "genes.csv")
GENOME = ("--genome_filename", DEMO / "genome.fa")
MAPS = ("--mcool_filename", DEMO / "contacts.mcool")
EXPRESSION = ("--gene_expression_filename", DEMO / "expression.csv", "--target", TISSUE)
FASTER = ("--params", DEMO / "params.json")
NO_BIOLOGY = """\
This demo uses synthetic genes and stand-in weights, because the published weights may not be passed on: its numbers
show the program at work, not biology. In the example, expression depends on the sequence near the TSS and on the
elements that it contacts, so contacts must help. It learns four times as fast as published, to end soon (--params)."""

OWN_DATA = """\
Next, your own data (docs/own_data.md):
  .venv/bin/spex resources get beluga
  .venv/bin/spex tensors --data_folder lab_sequence --genes_filename my.gtf --genome_filename my.fa
  .venv/bin/spex tensors --data_folder lab_map --genes_filename my.gtf --genome_filename my.fa \\
    --mcool_filename my.mcool --contact_rule corrected"""

FIGURES = ("rmse", "Spearman", "Spearman's p", "Pearson", "Pearson's p")
"""What a published line contains, in its order."""


def side_by_side(lines):
    """Two published lines as a table: rounded, named, with the difference where there is one of use.

    lines: name -> line, of two runs. Returns: text.
    """
    columns = [[float(figure) for figure in re.findall(r": (\S+)", line)] for line in lines.values()]
    rows = [["", *lines, "difference"]]
    for name, one, other in zip(FIGURES, *columns, strict=True):
        is_p = name.endswith(" p")
        shown = [f"{value:.2e}" if is_p else f"{value:.4f}" for value in (one, other)]
        rows.append([name, *shown, "" if is_p else f"{other - one:+.4f}"])
    return "\n".join(f"{name:14}" + "".join(f"{cell:>16}" for cell in cells).rstrip() for name, *cells in rows)


def strongest_element(table):
    """One line on the contacted bin with the largest effect. table: elements of one gene."""
    contacts = table[table["class"] == "contact"]
    top = contacts.loc[contacts["Score"].abs().idxmax()]
    planted = top["start"] in planted_bins().get((top["chr"], top["TargetGeneTSS"]), ())
    return (
        f"{top['TargetGene']}: of its {len(contacts)} contacted bins {top['name']} has the largest effect, "
        f"{top['Score']:+.4f} in ln(expression); it is {'a' if planted else 'NOT a'} planted element."
    )


def strongest_allele(table):
    """One line on the allele with the largest effect through a contact. table: effects of alleles."""
    top = table.loc[table["effect_contact"].abs().idxmax()]
    return (
        f"{top['variant_id']} ({top['chrom']}:{top['pos']} {top['ref']}>{top['alt']}) changes {top['gene_name']} by "
        f"{top['effect_contact']:+.2g} in ln(expression) through its contact, "
        f"{abs(top['tss_distance']) / 1000:.0f} kb from the TSS: most of {table['variant_id'].nunique()} alleles."
    )


def effects(inputs, cache):
    """Ask which contact drives a gene, and what alleles do, through a ridge fit."""
    folder = DEMO / "with_contacts"
    model = (*inputs[2:], *cache)  # genome and network
    run("train.py", "--data_folder", folder, *GENES, *EXPRESSION, "--model", "ridge")
    run("-m spex elements", folder, *model, "--genes", GENE)
    print(strongest_element(pd.read_csv(folder / "elements" / "elements.tsv", sep="\t")))
    for picture in sorted((folder / "elements" / "pictures").glob("*.png")):
        print(f"Its picture: {picture}")
    run("-m spex variants", DEMO / "variants.vcf", folder, *model, "--out", DEMO / "effects")
    print(strongest_allele(pd.read_csv(DEMO / "effects" / "effects.tsv", sep="\t")))


def main():
    print(NO_BIOLOGY, flush=True)
    inputs = (*GENES, *GENOME, "--beluga_model_filename", stand_in_weights())
    cache = ("--pred_cache_folder", DEMO / "pred_cache")
    scores = {}
    for name, given in (("sequence alone", ()), ("with contacts", MAPS)):
        folder = ("--data_folder", DEMO / name.replace(" ", "_"))
        run("tensors.py", *folder, *inputs, *cache, *given)
        scores[name] = run("train.py", *folder, *GENES, *EXPRESSION, *FASTER).strip()
    print(f"\n{TISSUE}, scores on the held-out chr8:\n{side_by_side(scores)}", flush=True)
    right = compare_small_study()
    effects(inputs, cache)
    print(f"\nEverything is in {DEMO}; docs/files.md says what each file contains. The page with the verdict: {PAGE}")
    print(OWN_DATA)
    return 0 if right else 1


if __name__ == "__main__":
    end(main)
