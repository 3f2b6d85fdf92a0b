"""Maps that were published, against readers of their own; where the folder with them is."""

import csv
import gzip
import json
import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest
from conftest import ROOT

import spex

REAL = ROOT.parent / "shared" / "real"
pytestmark = pytest.mark.skipif(not REAL.exists(), reason=f"no {REAL}")

HIC, LOOPS = REAL / "gm12878_ctcf_chr21.hic", REAL / "k562_pol2_loops.txt.gz"


def genes_on(chroms, spacing):
    rows = [(f"{chrom}_{tss}", chrom, "+", tss) for chrom in chroms for tss in range(9_000_000, 40_000_000, spacing)]
    return pd.DataFrame(rows, columns=["id", "chrom", "strand", "tss"])


def pixels_of_hic(resolution):
    """Pixels of chr21 by hictkpy itself, in a process of its own: Counter of (lower bin, higher bin) -> count."""
    program = (
        "import hictkpy, json, sys; "
        "pixels = hictkpy.File(sys.argv[1], int(sys.argv[2])).fetch('chr21').to_coo(); "
        "json.dump([pixels.row.tolist(), pixels.col.tolist(), pixels.data.tolist()], sys.stdout)"
    )
    words = [sys.executable, "-c", program, HIC, str(resolution)]
    rows, columns, counts = json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
    return dict(zip(zip(rows, columns, strict=True), counts, strict=True))


def pixels_of_loops(resolution):
    """Pixels of each chromosome by a loop over rows and bins."""
    found = {}
    with gzip.open(LOOPS, "rt") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            assert row["chromosome1"] == row["chromosome2"]
            one, other = (
                range(int(row[start]) // resolution, (int(row[end]) - 1) // resolution + 1)
                for start, end in (("x1", "x2"), ("y1", "y2"))
            )
            of_chrom = found.setdefault(row["chromosome1"], Counter())
            for pair in {tuple(sorted((a, b))) for a in one for b in other}:
                of_chrom[pair] += float(row["observed"])
    return found


def kept_by_hand(pixels, genes, resolution):
    """Contacts of the corrected rule: (gene, start of the bin, count)."""
    of_bin = {}
    for gene in genes.itertuples():
        of_bin.setdefault((gene.chrom, (gene.tss - 1) // resolution), []).append(gene.id)
    kept = set()
    for chrom, of_chrom in pixels.items():
        for (one, other), count in of_chrom.items():
            if count >= 2 and abs(one - other) * resolution >= 20_000:
                kept |= {(gene, other * resolution, count) for gene in of_bin.get((chrom, one), ())}
                kept |= {(gene, one * resolution, count) for gene in of_bin.get((chrom, other), ())}
    return kept


def contacts(path, genes, resolution):
    found = spex.read_contacts([path], genes, resolution=resolution, rule=spex.Corrected())
    return set(found.pairs()[["id", "start", "count"]].itertuples(index=False, name=None)), found.accounts


def test_chia_pet_of_ctcf_as_hic():
    expected = pixels_of_hic(5000)
    assert (len(expected), sum(expected.values())) == (49_862, 99_674)
    sheet = spex.map_sheet(HIC, resolution=5000)
    assert (sheet.cis_pixels, sheet.cis_counts, sheet.trans_counts) == (49_862, 99_674, 0)
    distances = Counter()
    for (one, other), count in expected.items():
        distances[other - one] += count
    assert sheet.of_distance["counts"][sheet.of_distance["counts"] > 0].to_dict() == distances
    genes = genes_on(["chr21"], 50_000)
    found, accounts = contacts(HIC, genes, 5000)
    assert found == kept_by_hand({"chr21": expected}, genes, 5000) and len(found) > 100
    assert accounts[0]["used"] == 49_862 and sheet.accounts[0]["used"] == 49_862


def test_chia_pet_of_polymerase_as_loops(caplog):
    expected = pixels_of_loops(1000)
    assert sum(map(len, expected.values())) == 50_110
    assert sum(sum(of_chrom.values()) for of_chrom in expected.values()) == 898_991
    with caplog.at_level("INFO", logger="spex"):
        sheet = spex.map_sheet(LOOPS)
    assert (sheet.cis_pixels, sheet.cis_counts, sheet.chromosomes) == (50_110, 898_991, 23)
    assert sheet.accounts[0]["used"] == 7386
    assert any("the count is its column 8, observed" in message for message in caplog.messages)
    genes = genes_on(["chr1", "chr19", "chr21"], 3000)
    found, accounts = contacts(LOOPS, genes, 1000)
    assert found == kept_by_hand(expected, genes, 1000) and len(found) > 50
    with gzip.open(LOOPS, "rt") as file:
        rows = Counter(line.split("\t")[0] for line in file)
    used = sum(rows[chrom] for chrom in ("chr1", "chr19", "chr21"))
    assert (accounts[0]["used"], accounts[0]["left_out"]) == (used, {"on chromosomes without genes": 7386 - used})
