"""The embedded example is what its script makes, and holds what it promises."""

import math
import shlex
from functools import cache
from pathlib import Path

import cooler
import numpy as np
import oracles
import pandas as pd
import pytest
import torch
from conftest import narrow_state
from numpy.testing import assert_array_equal

from data.example import demo, make_example, planted, small_study
from spex.commands import compare
from spex.commands.example import next_commands
from spex.commands.main import main as every_command
from spex.commands.main import parser_of
from spex.example import FILES, WEIGHTS, lay_out
from spex.example import weights as stand_in
from spex.inputs.genes import keep_genes, read_gene_table

EXAMPLE = Path(__file__).parents[1] / "spex" / "example"
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


@cache
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


@pytest.fixture
def small_weights(monkeypatch):
    """Stand-in weights of another form, or they would take 600 MB."""
    monkeypatch.setattr(stand_in, "WEIGHT_SHAPES", {"model.0.0": (3, 4, 1, 8)})


def test_the_files_are_where_they_were_before_they_came_into_the_package():
    for name in FILES:
        assert (EXAMPLE.parents[1] / "data/example" / name).samefile(EXAMPLE / name)


def test_the_example_is_laid_out_and_what_is_there_stays(small_weights, tmp_path):
    folder = tmp_path / "new" / "example"
    assert [path.name for path in lay_out(folder)] == [*FILES, WEIGHTS]
    for name in FILES:
        assert (folder / name).read_bytes() == (EXAMPLE / name).read_bytes()
    (folder / "genes.csv").write_text("mine")
    (folder / WEIGHTS).unlink()
    assert lay_out(folder) == [folder / WEIGHTS]
    assert (folder / "genes.csv").read_text() == "mine" and lay_out(folder) == []
    assert {path.name for path in folder.iterdir()} == {*FILES, WEIGHTS}


def test_the_command_prints_commands_that_run_in_that_order(
    small_weights, narrow, sketches, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert every_command(["example", "an example"]) == 0
    printed = [shlex.split(line) for line in capsys.readouterr().out.splitlines() if line.startswith("  spex ")]
    assert printed == [["spex", *map(str, words)] for _, group in next_commands(Path("an example")) for words in group]
    assert [name for _, name, *_ in printed] == ["tensors", "tensors", "train", "compare", "elements", "variants"]
    torch.save(narrow_state(), tmp_path / "an example" / WEIGHTS)
    for _, *words in printed:
        assert every_command(words) == 0, words
    for made in ("comparison/report.html", "with_contacts/elements/elements.tsv", "effects/effects.tsv"):
        assert (tmp_path / "an example" / made).stat().st_size
    output = capsys.readouterr()
    assert "sequence_alone" in output.err and "rmse: " in output.out


def test_stand_in_weights_are_hashes_of_their_position():
    """The first weights by Python's own whole numbers; a stretch that starts elsewhere gives the same ones."""

    def number(position, stream):
        z = (position + (stream << 40)) * 0x9E3779B97F4A7C15 % 2**64
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return ((z ^ z >> 31) >> 40) / 2**23 - 1

    assert_array_equal(stand_in.uniform(5, 103), np.float32([number(k, 103) for k in range(5)]))
    past_a_block = stand_in.uniform(stand_in.BLOCK + 3, 7)
    assert_array_equal(past_a_block[-3:], np.float32([number(stand_in.BLOCK + k, 7) for k in range(3)]))


def test_the_stand_in_state_has_the_published_tensors(monkeypatch):
    monkeypatch.setattr(stand_in, "WEIGHT_SHAPES", {"model.0.0": (320, 4, 1, 8), "model.0.2": (6, 4, 1, 8)})
    state = stand_in.standin_state(seed=2)
    assert {name: tuple(weights.shape) for name, weights in state.items()} == {
        "model.0.0.weight": (320, 4, 1, 8),
        "model.0.0.bias": (320,),
        "model.0.2.weight": (6, 4, 1, 8),
        "model.0.2.bias": (6,),
    }
    bound = np.float32(math.sqrt(6 / 32))
    assert_array_equal(state["model.0.2.weight"].ravel(), stand_in.uniform(192, 202) * bound)
    assert_array_equal(state["model.0.2.bias"], stand_in.uniform(6, 203) * np.float32(0.1))
    assert all(weights.dtype == torch.float32 for weights in state.values())


ELEMENTS = pd.DataFrame(
    [
        ("chr8", 87_000, "chr8:87000-88000", "contact", "EX30", 122_505, -0.04),
        ("chr8", 10_000, "chr8:10000-11000", "contact", "EX30", 122_505, 0.07),
        ("chr8", 122_000, "chr8:122000-123000", "own", "EX30", 122_505, 0.9),
    ],
    columns=["chr", "start", "name", "class", "TargetGene", "TargetGeneTSS", "Score"],
)
EFFECTS = pd.DataFrame(
    [
        ("v1", "chr8", 5, "C", "G", "EX28", 15_061, 0.0),
        ("v2", "chr8", 87_900, "T", "A", "EX30", -34_605, -0.0123),
        ("v3", "chr8", 88_700, "T", "TC", "EX30", 33_805, 0.0009),
    ],
    columns=["variant_id", "chrom", "pos", "ref", "alt", "gene_name", "tss_distance", "effect_contact"],
)


def test_the_demo_gives_commands_that_the_scripts_take_and_files_that_exist(monkeypatch, tmp_path, capsys):
    parsers = {f"{name}.py": parser_of(name) for name in ("tensors", "train")}
    parsers |= {f"-m spex {name}": parser_of(name) for name in ("elements", "variants")}
    given = []

    def run(script, *options):
        given.append((script, parsers[script].parse_args([str(option) for option in options])))
        out = tmp_path / ("effects" if script.endswith("variants") else "with_contacts/elements")
        out.mkdir(parents=True, exist_ok=True)
        ELEMENTS.to_csv(out / "elements.tsv", sep="\t")
        EFFECTS.to_csv(out / "effects.tsv", sep="\t")
        better = 0.25 * ("with_contacts" in str(getattr(given[-1][1], "data_folder", "")))
        return f"rmse: {2.27542 - better} spearman: {0.5 + better} pval: 9.17e-245 pearson: 0.25 pval: 0.001\n"

    monkeypatch.chdir(EXAMPLE.parents[1])
    monkeypatch.setattr(demo, "DEMO", tmp_path)
    monkeypatch.setattr(demo, "stand_in_weights", lambda: tmp_path / "weights.pth")
    monkeypatch.setattr(demo, "run", run)
    monkeypatch.setattr(demo, "compare_small_study", lambda: True)
    assert demo.main() == 0
    assert [script for script, _ in given] == [
        *["tensors.py", "train.py"] * 2,
        *["train.py", "-m spex elements", "-m spex variants"],
    ]
    for _, args in given:
        values = [each for value in vars(args).values() for each in (value if isinstance(value, list) else [value])]
        assert all(Path(each).exists() for each in values if str(each).startswith(str(EXAMPLE)))
    assert [bool(args.maps) for script, args in given if script == "tensors.py"] == [False, True]
    assert given[0][1].data_folder == given[1][1].data_folder != given[2][1].data_folder == given[3][1].data_folder
    assert {args.data_folder for _, args in given[4:]} == {str(tmp_path / "with_contacts")}
    printed = capsys.readouterr().out
    assert "not biology" in printed
    rows = [line.split() for line in printed.splitlines()]
    assert ["rmse", "2.2754", "2.0254", "-0.2500"] in rows
    assert ["Spearman", "0.5000", "0.7500", "+0.2500"] in rows
    assert ["Spearman's", "p", "9.17e-245", "9.17e-245"] in rows
    assert ["Pearson's", "p", "1.00e-03", "1.00e-03"] in rows
    assert "EX30: of its 2 contacted bins chr8:10000-11000 has the largest effect, +0.0700" in printed
    assert "v2 (chr8:87900 T>A) changes EX30 by -0.012 in ln(expression) through its contact, 35 kb" in printed
    last = printed.replace("\\\n", "").splitlines()[-5:]
    assert last[0].endswith("data/demo/synthetic_verdict/report.html")
    command = last[-1].split()
    assert command[:2] == [".venv/bin/spex", "tensors"] and parser_of("tensors").parse_args(command[2:]).maps


def test_the_demo_ends_badly_when_a_verdict_is_untrue(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "run", lambda *words: "rmse: 1 spearman: 1 pval: 1 pearson: 1 pval: 1")
    monkeypatch.setattr(demo, "stand_in_weights", lambda: tmp_path)
    monkeypatch.setattr(demo, "effects", lambda inputs, cache: None)
    monkeypatch.setattr(demo, "compare_small_study", lambda: False)
    assert demo.main() == 1


def test_the_strongest_element_is_said_to_be_planted_only_where_it_is():
    """By the planted bins; another test compares these with the letters of the genome."""
    (chrom, tss), bins = next(iter(planted.planted_bins().items()))
    start = [min(bins), 10, 10]
    table = ELEMENTS.assign(chr=chrom, TargetGeneTSS=tss, start=start, Score=[-0.2, 0.1, 0.3])
    assert demo.strongest_element(table).endswith("; it is a planted element.")
    assert demo.strongest_element(table.assign(Score=[0.05, 0.1, 0.3])).endswith("; it is NOT a planted element.")


def test_the_small_study_has_the_verdicts_that_are_true(sketches, monkeypatch, tmp_path, capsys):
    """Run as the demo does, on all of its genes: a map that expression follows, and one that it does not follow."""
    for name, place in {"STUDY": "study", "RESULT": "result", "PICTURE": "result/forest.png"}.items():
        monkeypatch.setattr(small_study, name, tmp_path / place)
    monkeypatch.setattr(small_study, "run", lambda script, *options: compare.main([str(each) for each in options]))
    assert small_study.compare_small_study()
    maps = pd.read_csv(tmp_path / "result/maps.csv", index_col="map")
    assert "evidence that the map adds sequence information" in maps.loc["informative", "words"]
    assert maps.loc["informative", "gain_low"] > 0 > maps.loc["uninformative", "gain_low"]
    assert (maps["chromosomes"] == 12).all() and (tmp_path / "result/forest.png").exists()
    assert "informative: strong evidence that the map adds sequence information" in (printed := capsys.readouterr().out)
    assert printed.splitlines()[-1].startswith("Both verdicts are true.")
    assert small_study.untrue_verdicts(maps.assign(verdict=[5, 5])) == ["informative"]
    assert small_study.untrue_verdicts(maps.assign(verdict=[2, 1])) == ["uninformative"]


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
