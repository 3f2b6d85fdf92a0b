import re
import sys

import numpy as np
import pandas as pd
import pytest
from made_elements import elements, many_elements

from spex.errors import InputError
from spex.reports.element_tracks import sum_by_bin, write_tracks

CHROMSIZES = {"chr9": 50_500, "chr8": 145_138_636, "chr1": 9000}
INTERACT = (
    *("chrom", "chromStart", "chromEnd", "name", "score", "value", "exp", "color"),
    *("sourceChrom", "sourceStart", "sourceEnd", "sourceName", "sourceStrand"),
    *("targetChrom", "targetStart", "targetEnd", "targetName", "targetStrand"),
)
"""Columns of bed5+13, by UCSC's interact.as."""


def fields(path):
    return [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("track")]


def interact(path):
    return [dict(zip(INTERACT, line, strict=True)) for line in fields(path)]


def written(folder, table, **more):
    return {path.name: path for path in write_tracks(folder, table, CHROMSIZES, **more)}


def test_an_arc_by_hand(tmp_path):
    table = elements({"Score": -0.25}, {"start": 40_000, "end": 41_000, "Score": 1 / 3}, {"class_": "own"})
    files = written(tmp_path / "new", table)
    assert sorted(files) == ["arcs_K562-cells.bedpe", "arcs_K562-cells.interact", "effects_K562-cells.bedgraph"]
    assert files["arcs_K562-cells.bedpe"].read_text() == (
        "chr8\t30000\t30001\tchr8\t5000\t6000\tMYC/chr8:5000-6000\t-0.25\t.\t.\n"
        "chr8\t30000\t30001\tchr8\t40000\t41000\tMYC/chr8:40000-41000\t0.333333333\t.\t.\n"
    )
    assert files["arcs_K562-cells.interact"].read_text() == (
        'track type=interact name="K562 cells" description="K562 cells, ridge: change of ln(expression) by each '
        'contacted bin" interactDirectional=true maxHeightPixels=300:150:50 visibility=full\n'
        "chr8\t5000\t30001\tMYC/chr8:5000-6000\t750\t-0.25\tK562_cells\t#bf5700\t"
        "chr8\t5000\t6000\tchr8:5000-6000\t.\tchr8\t30000\t30001\tMYC\t.\n"
        "chr8\t30000\t41000\tMYC/chr8:40000-41000\t1000\t0.333333333\tK562_cells\t#0067a5\t"
        "chr8\t40000\t41000\tchr8:40000-41000\t.\tchr8\t30000\t30001\tMYC\t.\n"
    )
    assert files["effects_K562-cells.bedgraph"].read_text() == (
        'track type=bedGraph name="K562 cells" description="K562 cells, ridge: change of ln(expression) by each '
        'contacted bin" visibility=full autoScale=on alwaysZero=on\n'
        "chr8\t5000\t6000\t-0.25\nchr8\t40000\t41000\t0.333333333\n"
    )


def test_interact_is_as_the_format_has_it(tmp_path):
    table = pd.concat([many_elements(60), many_elements(30, seed=1, chr="chr9", TargetGeneTSS=20_001)])
    table.loc[table["chr"] == "chr9", ["start", "end"]] %= 50_000
    table = table[table["start"] < table["end"]].sample(frac=1, random_state=0)
    rows = interact(written(tmp_path, table)["arcs_K562-cells.interact"])
    assert len(rows) == len(table)
    places = [(list(CHROMSIZES).index(row["chrom"]), int(row["chromStart"]), int(row["chromEnd"])) for row in rows]
    assert places == sorted(places)
    for row in rows:
        ends = {end: (int(row[f"{end}Start"]), int(row[f"{end}End"])) for end in ("source", "target")}
        assert all(0 <= start < end <= CHROMSIZES[row["chrom"]] for start, end in ends.values())
        assert row["chrom"] == row["sourceChrom"] == row["targetChrom"]
        assert int(row["chromStart"]) == min(start for start, _ in ends.values())
        assert int(row["chromEnd"]) == max(end for _, end in ends.values())
        assert 0 <= int(row["score"]) <= 1000 and re.fullmatch("#[0-9a-f]{6}", row["color"])
        assert row["color"] == ("#0067a5" if float(row["value"]) > 0 else "#bf5700")
        assert not any(re.search(r"\s", field) or not field for field in row.values())
    largest = max(abs(float(row["value"])) for row in rows)
    assert all(abs(int(row["score"]) - 1000 * abs(float(row["value"])) / largest) <= 0.51 for row in rows)


def test_no_effect_at_all(tmp_path):
    files = written(tmp_path, elements({"Score": 0.0}), bigwig=False)
    (row,) = interact(files["arcs_K562-cells.interact"])
    assert (row["score"], row["value"], row["color"]) == ("0", "0", "#7d8790")
    assert len(fields(files["arcs_K562-cells.bedpe"])) == 1
    assert fields(files["effects_K562-cells.bedgraph"]) == []


def test_a_tissue_without_contacts_has_empty_tracks(tmp_path):
    files = written(tmp_path, elements({"class_": "own"}))
    assert [fields(path) for path in files.values()] == [[], [], []]


def summed_base_by_base(table, size):
    sums = np.zeros(size)
    for row in table.itertuples():
        sums[row.start : row.end] += row.Score
    return sums


def test_sums_are_those_of_each_base_even_where_elements_overlap():
    rng = np.random.default_rng(3)
    for _ in range(50):
        starts = rng.integers(0, 90, 20)
        table = pd.DataFrame({"chr": "chr1", "start": starts, "end": starts + rng.integers(1, 12, 20)})
        table["Score"] = rng.integers(-2, 3, 20).astype(float)
        sums = sum_by_bin(table)
        assert (sums["Score"] != 0).all()
        assert (sums["end"].to_numpy()[:-1] <= sums["start"].to_numpy()[1:]).all()
        np.testing.assert_array_equal(summed_base_by_base(sums, 110), summed_base_by_base(table, 110))


def test_bins_of_several_genes_are_summed_and_cut_off_at_the_end_of_a_chromosome(tmp_path):
    last = {"chr": "chr9", "start": 50_000, "end": 51_000, "Score": 0.25}
    table = elements(
        {"chr": "chr8", "start": 2000, "end": 3000, "Score": 0.5},
        last,
        last | {"TargetGene": "OTHER", "TargetGeneTSS": 20_001, "Score": 0.5},
        {"chr": "chr9", "start": 51_000, "end": 52_000},
        {"chr": "chr9", "start": 1000, "end": 2000, "Score": 0.5},
        {"chr": "chr9", "start": 1000, "end": 2000, "Score": -0.5},
    )
    files = written(tmp_path, table)
    assert fields(files["effects_K562-cells.bedgraph"]) == [
        ["chr9", "50000", "50500", "0.75"],
        ["chr8", "2000", "3000", "0.5"],
    ]
    assert [line[3:6] for line in fields(files["arcs_K562-cells.bedpe"])] == [
        *[["chr9", "1000", "2000"]] * 2,
        *[["chr9", "50000", "50500"]] * 2,
        ["chr8", "2000", "3000"],
    ]


def test_no_tissue_s_tracks_overwrite_another_s(tmp_path):
    tissues = ["Brain - A", "Brain (A)", "brain a", "???", "!!", 'a\t"b"\nc', "Brain - A"]
    scores = [float(number) for number in range(1, 8)]
    table = elements(*({"tissue": tissue, "Score": score} for tissue, score in zip(tissues, scores, strict=True)))
    table.loc[6, "model"] = "gblinear"
    files = written(tmp_path, table)
    names = ["Brain-A", "Brain-A-2", "brain-a-3", "tissue", "tissue-2", "a-b-c", "Brain-A-4"]
    assert [name for name in files if name.endswith(".bedpe")] == [f"arcs_{name}.bedpe" for name in names]
    for name, score in zip(names, scores, strict=True):
        ((*_, value),) = fields(files[f"effects_{name}.bedgraph"])
        assert float(value) == score
    first = files["arcs_a-b-c.interact"].read_text().splitlines()[0]
    assert "name=\"a\\t'b'\\nc\"" in first
    assert "Brain - A, gblinear: " in files["arcs_Brain-A-4.interact"].read_text()


def test_bigwig_has_the_numbers_of_the_bedgraph_in_the_same_bytes_each_time(tmp_path):
    pybigtools = pytest.importorskip("pybigtools")
    table = pd.concat([many_elements(300), elements({"chr": "chr9"}, {"chr": "chr1", "start": 8000, "end": 9500})])
    files = written(tmp_path, table, bigwig=True)
    expected = pd.DataFrame(fields(files["effects_K562-cells.bedgraph"])).astype({1: int, 2: int, 3: float})
    content = files["effects_K562-cells.bw"].read_bytes()
    reader = pybigtools.open(str(files["effects_K562-cells.bw"]))
    assert reader.chroms() == CHROMSIZES
    found = pd.DataFrame([(chrom, *record) for chrom in CHROMSIZES for record in reader.records(chrom)])
    pd.testing.assert_frame_equal(found, expected, rtol=1e-7)
    assert written(tmp_path, table, bigwig=True)["effects_K562-cells.bw"].read_bytes() == content
    assert {path.name for path in tmp_path.iterdir()} == set(files)


def test_no_bigwig_where_no_bin_has_an_effect(tmp_path):
    pytest.importorskip("pybigtools")
    (tmp_path / "effects_K562-cells.bw").write_bytes(b"old")
    files = written(tmp_path, elements({"Score": 0.0}), bigwig=True)
    assert {path.name for path in tmp_path.iterdir()} == set(files)
    assert not any(name.endswith(".bw") for name in files)


def test_a_bigwig_that_was_not_written_whole_is_an_error_of_the_disk(tmp_path, monkeypatch):
    pybigtools = pytest.importorskip("pybigtools")
    opened = pybigtools.open

    class Full:
        def __init__(self, path):
            self.path = path

        def write(self, chromsizes, rows):
            with open(self.path, "wb") as file:
                file.write(bytes(352))

    monkeypatch.setattr(pybigtools, "open", lambda path, mode="r": Full(path) if mode == "w" else opened(path, mode))
    with pytest.raises(OSError, match="not written whole"):
        written(tmp_path, elements({}), bigwig=True)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".") or path.suffix == ".bw"]


def test_what_is_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="chromsizes: no length of chr11; expected every chromosome"):
        write_tracks(tmp_path / "new", elements({"chr": "chr11"}), CHROMSIZES)
    monkeypatch.setitem(sys.modules, "pybigtools", None)
    with pytest.raises(InputError, match="bigwig: pybigtools, which writes bigWig, is not installed; get it with: pip"):
        write_tracks(tmp_path / "new", elements({}), CHROMSIZES, bigwig=True)
    assert not (tmp_path / "new").exists()
