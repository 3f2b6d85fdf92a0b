"""Run the whole program on the embedded example, with stand-in weights.

    python -m data.example.demo

Writes into data/demo/. Started again it goes on where it was, or shows the scores again when nothing is left to do.
"""

import subprocess
import sys
from pathlib import Path

from data.example.make_weights import write_weights

EXAMPLE = Path("data/example")
DEMO = Path("data/demo")
TARGET = "Cells_EBV-transformed_lymphocytes"
GENES = ("--genes_filename", EXAMPLE / "genes.csv")
GENOME = ("--genome_filename", EXAMPLE / "genome.fa")
MAPS = ("--mcool_filename", EXAMPLE / "contacts.mcool")
EXPRESSION = ("--gene_expression_filename", EXAMPLE / "expression.csv", "--target", TARGET)
DRAWN = ("EX30", "EX33")
"""Genes of chr8 that pictures are drawn of."""

FASTER = ("--params", EXAMPLE / "params.json")
NO_BIOLOGY = """\
This demo uses invented genes and stand-in weights, because the published weights may not be passed on: its numbers show
the program at work, not biology. In the example, expression depends on the sequence near the TSS and on the elements
that it touches, so contacts must help. It learns four times as fast as published, to be over soon (--params)."""


def run(script, *options):
    """Run a script, or a module after "-m", showing its command line. Returns: what it printed on stdout."""
    command = [*script.split(), *map(str, options)]
    print(f"\n$ python {' '.join(command)}", flush=True)
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    print(done.stdout, end="", flush=True)
    return done.stdout


def stand_in_weights():
    """Path of the demo's checkpoint, which is made where it is missing."""
    weights = DEMO / "stand_in_weights.pth"
    if not weights.exists():
        print(f"\nwriting stand-in weights to {weights} (598 MB)", flush=True)
        write_weights(weights)
    return weights


def compare_maps(inputs, cache):
    """Ask whether the map adds anything, which takes tensors by the corrected contact rule."""
    folder, out = DEMO / "with_contacts_corrected", DEMO / "example_comparison"
    run("tensors.py", "--data_folder", folder, *inputs, *cache, *MAPS, "--contact_rule", "corrected")
    expression = EXPRESSION[:2]
    run("-m spex compare", DEMO / "sequence_alone", folder, *GENES, *expression, *cache, *MAPS, "--out", out)
    print(
        f"\nThe comparison is in {out}: verdict.md, tables, pictures, report.html. Five chromosomes are too few for a"
    )
    print("verdict; docs/comparing_maps.md says what it takes, and how to read it.")


def effects(inputs, cache):
    """Ask which contact drives a gene, and what alleles do, through a ridge fit."""
    folder = DEMO / "with_contacts"
    model = (*inputs[2:], *cache)  # genome and network
    run("train.py", "--data_folder", folder, *GENES, *EXPRESSION, "--model", "ridge")
    run("-m spex elements", folder, *model, "--genes", *DRAWN)
    run("-m spex elements", folder, *model)
    run("-m data.example.planted", folder / "elements/elements.tsv")
    run("-m spex variants", EXAMPLE / "variants.vcf", folder, *model, "--out", DEMO / "effects")
    print(f"\nTracks and pictures of elements are in {folder}/elements, effects of alleles in {DEMO}/effects;")
    print("docs/elements.md and docs/variants.md say how to read them.")


def main():
    print(NO_BIOLOGY, flush=True)
    inputs = (*GENES, *GENOME, "--beluga_model_filename", stand_in_weights())
    cache = ("--pred_cache_folder", DEMO / "pred_cache")
    scores = {}
    for name, given in (("sequence alone", ()), ("with contacts", MAPS)):
        folder = ("--data_folder", DEMO / name.replace(" ", "_"))
        run("tensors.py", *folder, *inputs, *cache, *given)
        scores[name] = run("train.py", *folder, *GENES, *EXPRESSION, *FASTER).strip()
    print(f"\n{TARGET}, scores on the held-out chr8:")
    for name, line in scores.items():
        print(f"  {name:15} {line}")
    compare_maps(inputs, cache)
    effects(inputs, cache)
    print(f"\nTensors, models, predictions and pictures are in {DEMO}/*/; docs/files.md says what each file holds.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # the script that was running has said what is kept
