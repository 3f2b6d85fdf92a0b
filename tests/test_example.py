"""The embedded example is what its script makes, and holds what it promises."""

import math
from pathlib import Path

import cooler
import numpy as np
import oracles
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal

from data.example import demo, make_example, make_weights, planted
from spex.commands.main import parser_of
from spex.inputs.genes import keep_genes, read_gene_table

EXAMPLE = Path(__file__).parents[1] / "data" / "example"
TEXTS = ("genome.fa", "genes.csv", "expression.csv")


@pytest.fixture(scope="module")
def remade(tmp_path_factory):
    folder = tmp_path_factory.mktemp("example")
    make_example.make_example(folder)
    return folder


@pytest.fixture(scope="module")
def genes():
    return keep_genes(read_gene_table(EXAMPLE / "genes.csv"))


@pytest.fixture(scope="module")
def chromosomes():
    records = (EXAMPLE / "genome.fa").read_text().split(">")[1:]
    return {name: lines.replace("\n", "") for name, _, lines in (record.partition("\n") for record in records)}


def contact_map(folder=EXAMPLE, resolution=1000):
    return cooler.Cooler(f"{folder / 'contacts.mcool'}::/resolutions/{resolution}")


def chromosome_pixels(chrom):
    """The pixels of a chromosome as the oracles take them."""
    map_ = contact_map()
    first, end = map_.extent(chrom)
    pixels = map_.pixels().fetch(chrom)
    pixels = pixels[pixels["bin2_id"] < end]
    return list(zip(pixels["bin1_id"] - first, pixels["bin2_id"] - first, pixels["count"], strict=True))


@pytest.mark.parametrize("name", TEXTS)
def test_the_tables_and_the_genome_are_what_the_script_makes(remade, name):
    assert (EXAMPLE / name).read_bytes() == (remade / name).read_bytes()


@pytest.mark.parametrize("resolution", [1000, 5000])
def test_the_map_is_what_the_script_makes(remade, resolution):
    committed, new = contact_map(resolution=resolution), contact_map(remade, resolution)
    pd.testing.assert_frame_equal(committed.bins()[:], new.bins()[:])
    pd.testing.assert_frame_equal(committed.pixels()[:], new.pixels()[:])


def test_the_script_makes_the_same_map_file_every_time(remade, tmp_path):
    make_example.make_example(tmp_path)
    assert (tmp_path / "contacts.mcool").read_bytes() == (remade / "contacts.mcool").read_bytes()


def test_the_example_is_small():
    assert sum((EXAMPLE / name).stat().st_size for name in (*TEXTS, "contacts.mcool")) < 4e6


def test_the_genome_is_soft_masked_and_holds_n_and_iupac_letters(chromosomes):
    assert set(chromosomes) == {"chr1", "chr2", "chr8", "chr9", "chr22", "chrX"}
    for letters in chromosomes.values():
        assert set("ACGTacgtN") < set(letters)
        assert set("RYKMSW") & set(letters)
        assert len(letters) % 1000, "the last bin is a short one"


def test_the_filter_drops_what_it_drops_of_real_tables(genes):
    table = read_gene_table(EXAMPLE / "genes.csv")
    dropped = table.drop(genes.index)
    assert 60 <= len(genes) < len(table) <= 100
    assert (dropped["type"] == "rRNA").any()
    assert (dropped["seqnames"] == "chrX").any()
    assert dropped["CAGE_representative_TSS"].isna().any()
    assert set(genes["type"]) == {"protein_coding", "lincRNA"}
    assert set(genes["strand"]) == {"+", "-"}
    assert genes["chrom"].value_counts()["chr8"] >= 15
    assert genes["chrom"].nunique() == 5


def test_expression_has_the_published_form(genes):
    expression = pd.read_csv(EXAMPLE / "expression.csv")
    assert (EXAMPLE / "expression.csv").read_text().startswith(",Adipose_Subcutaneous,")
    assert_array_equal(expression.iloc[:, 0], np.arange(len(read_gene_table(EXAMPLE / "genes.csv"))))
    assert expression.shape[1] == 6
    assert (expression.iloc[:, 1:] > 0).all(axis=None)


@pytest.mark.parametrize("rule", ["published", "corrected"])
def test_most_genes_have_a_handful_of_contacts_on_either_side_and_a_few_none(genes, rule):
    kept = {gene.id: sides(gene, rule) for gene in genes.itertuples()}
    assert sum(sides is None for sides in kept.values()) == 2, "genes without a pixel"
    assert sum(sides == (0, 0) for sides in kept.values()) == 2, "genes with near pixels only"
    others = [sides for sides in kept.values() if sides not in (None, (0, 0))]
    assert all(3 <= bins <= 8 for sides in others for bins in sides)


def sides(gene, rule):
    """Kept bins before and after a gene's start, or None for a gene without a pixel."""
    kept = oracles.kept_contacts([chromosome_pixels(gene.chrom)], gene.tss, rule=rule)
    if kept is None:
        return None
    viewpoint = oracles.tss_bin(gene.tss, 1000, rule)
    return sum(x < viewpoint for x, _ in kept), sum(x > viewpoint for x, _ in kept)


def test_expression_follows_the_sequence_of_promoters_and_of_contacted_bins(genes, chromosomes):
    """The share of CpG around the TSS, and of GGAA in the contacted bins, each explain expression within chr8."""
    expression = pd.read_csv(EXAMPLE / "expression.csv", index_col=0)
    chr8 = genes[genes["chrom"] == "chr8"]
    letters = chromosomes["chr8"].upper()
    pixels = [chromosome_pixels("chr8")]
    promoters, contacts = [], []
    for gene in chr8.itertuples():
        kept = oracles.kept_contacts(pixels, gene.tss, rule="published")
        promoters.append(letters[gene.tss - 3000 : gene.tss + 3000].count("CG"))
        contacts.append(sum(letters[x * 1000 - 1000 : x * 1000 + 1000].count("GGAA") for x, _ in kept))
    logs = np.log(expression.loc[chr8.index])
    design = np.column_stack([np.ones(len(chr8)), promoters / np.std(promoters), contacts / np.std(contacts)])
    weights, residual = np.linalg.lstsq(design, logs, rcond=None)[:2]
    assert (weights[1:] > 0.8).all()
    assert (1 - residual / ((logs - logs.mean()) ** 2).sum() > 0.85).all()


def test_stand_in_weights_are_hashes_of_their_position():
    """The first weights by Python's own whole numbers; a stretch that starts elsewhere gives the same ones."""

    def number(position, stream):
        z = (position + (stream << 40)) * 0x9E3779B97F4A7C15 % 2**64
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return ((z ^ z >> 31) >> 40) / 2**23 - 1

    assert_array_equal(make_weights.uniform(5, 103), np.float32([number(k, 103) for k in range(5)]))
    past_a_block = make_weights.uniform(make_weights.BLOCK + 3, 7)
    assert_array_equal(past_a_block[-3:], np.float32([number(make_weights.BLOCK + k, 7) for k in range(3)]))


def test_the_stand_in_state_has_the_published_tensors(monkeypatch):
    monkeypatch.setattr(make_weights, "WEIGHT_SHAPES", {"model.0.0": (320, 4, 1, 8), "model.0.2": (6, 4, 1, 8)})
    state = make_weights.standin_state(seed=2)
    assert {name: tuple(weights.shape) for name, weights in state.items()} == {
        "model.0.0.weight": (320, 4, 1, 8),
        "model.0.0.bias": (320,),
        "model.0.2.weight": (6, 4, 1, 8),
        "model.0.2.bias": (6,),
    }
    bound = np.float32(math.sqrt(6 / 32))
    assert_array_equal(state["model.0.2.weight"].ravel(), make_weights.uniform(192, 202) * bound)
    assert_array_equal(state["model.0.2.bias"], make_weights.uniform(6, 203) * np.float32(0.1))
    assert all(weights.dtype == torch.float32 for weights in state.values())


def test_the_demo_gives_commands_that_the_scripts_take_and_files_that_exist(monkeypatch, tmp_path, capsys):
    parsers = {f"{name}.py": parser_of(name) for name in ("tensors", "train")}
    parsers |= {f"-m spex {name}": parser_of(name) for name in ("compare", "elements", "variants")}
    parsers["-m data.example.planted"] = planted.create_parser()
    given = []

    def run(script, *options):
        given.append((script, parsers[script].parse_args([str(option) for option in options])))
        return f"scores of {getattr(given[-1][1], 'data_folder', 'no folder')}\n"

    monkeypatch.chdir(EXAMPLE.parents[1])
    monkeypatch.setattr(demo, "DEMO", tmp_path)
    monkeypatch.setattr(demo, "write_weights", lambda path: path.write_bytes(b"weights"))
    monkeypatch.setattr(demo, "run", run)
    demo.main()
    effects = ["train.py", *["-m spex elements"] * 2, "-m data.example.planted", "-m spex variants"]
    assert [script for script, _ in given] == [
        *["tensors.py", "train.py"] * 2,
        "tensors.py",
        "-m spex compare",
        *effects,
    ]
    for _, args in given:
        values = [each for value in vars(args).values() for each in (value if isinstance(value, list) else [value])]
        assert all(Path(each).exists() for each in values if str(each).startswith("data/example"))
    assert [bool(args.maps) for script, args in given if script == "tensors.py"] == [False, True, True]
    assert given[0][1].data_folder == given[1][1].data_folder != given[2][1].data_folder == given[3][1].data_folder
    corrected, comparison = given[4][1], given[5][1]
    assert {args.data_folder for script, args in given[6:] if script != "-m data.example.planted"} == {
        str(tmp_path / "with_contacts")
    }
    assert corrected.rule == "corrected" and comparison.map_folders == [str(corrected.data_folder)]
    assert comparison.base_folder == str(given[0][1].data_folder)
    printed = capsys.readouterr().out
    assert "not biology" in printed
    assert f"scores of {tmp_path / 'sequence_alone'}" in printed
    assert f"scores of {tmp_path / 'with_contacts'}" in printed


def test_planted_elements_are_told_from_other_bins(genes, chromosomes):
    """Every kept contact of the example as an element, with effects of planted ones larger, then smaller."""
    rows = []
    for gene in genes[genes["chrom"] == "chr8"].itertuples():
        for bin_, _ in oracles.kept_contacts([chromosome_pixels("chr8")], gene.tss, rule="published") or ():
            letters = slice(bin_ * 1000 - 1000, bin_ * 1000 + 1000)
            rows.append((gene.chrom, gene.tss, bin_ * 1000, letters))
    sequence = chromosomes["chr8"].upper()
    table = pd.DataFrame(rows, columns=["chr", "TargetGeneTSS", "start", "letters"])
    repeats = [sequence[each].count("GGAA") + sequence[each].count("TTTA") > 150 for each in table["letters"]]
    found = planted.planted_bins()
    known = [start in found[chrom, tss] for chrom, tss, start, _ in rows]
    assert all(of_repeats for of_repeats, is_known in zip(repeats, known, strict=True) if is_known)
    assert sum(known) > 100
    table = table.assign(**{"class": "contact", "model": "m"}, Score=np.where(known, -1.0, 0.5))
    count = table["TargetGeneTSS"].nunique()
    touching_others = table.assign(known=known).groupby("TargetGeneTSS")["known"].agg(lambda each: not each.all()).sum()
    assert planted.count_first(table) == (count, count, touching_others, touching_others)
    table["Score"] = np.where(known, 0.5, -1.0)
    assert planted.count_first(table) == (count, count - touching_others, touching_others, 0)
