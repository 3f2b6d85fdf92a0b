"""tensors.py with contacts from text and from 3D models, as a user runs it."""

import gzip

import numpy as np
import pytest
from conftest import CHROMSIZES
from conftest import tensor_bytes as content
from refusals import files_in, refuse

from spex.commands import tensors
from spex.inputs.maps.loops import LoopMap
from spex.inputs.maps.model3d import ModelMap
from spex.runs.folder import DataFolder
from spex.runs.settings import read_run_settings

pytestmark = pytest.mark.usefixtures("narrow")

HEADER = "chrom1\tstart1\tend1\tchrom2\tstart2\tend2\tname\tcount\n"
LOOP = "chr1\t60000\t61000\tchr1\t90000\t91000\tpeak\t3\n"


def rows_of(pixels, end):
    """Text rows of pixels. end: whether a bin's end follows its start."""
    for chrom, of_chrom in pixels.items():
        for one, other, count in of_chrom:
            bins = [[number * 1000, min((number + 1) * 1000, CHROMSIZES[chrom])] for number in (one, other)]
            yield [chrom, *bins[0], chrom, *bins[1], count] if end else [chrom, bins[0][0], bins[1][0], count]


def write_rows(path, rows):
    path.write_bytes(gzip.compress("".join("\t".join(map(str, row)) + "\n" for row in rows).encode()))


@pytest.mark.parametrize("rule", ["published", "corrected"])
def test_the_same_pixels_as_text_and_as_a_map_give_the_same_tensors(world, tensors_argv, tmp_path, rule):
    write_rows(tmp_path / "triplets", rows_of(world.pixels[0], end=False))
    write_rows(tmp_path / "loops", rows_of(world.pixels[0], end=True))
    for name, map_, more in (
        ("map", world.maps[0], ()),
        ("of_triplets", tmp_path / "triplets", ()),
        ("of_loops", tmp_path / "loops", ("--count_column", "7")),
    ):
        argv = tensors_argv("--contact_rule", rule, "--mcool_filename", map_, *more, data=name)
        assert tensors.main(argv) == 0
    expected = content(tmp_path / "map")
    assert content(tmp_path / "of_triplets") == expected and content(tmp_path / "of_loops") == expected
    tables = [(tmp_path / name / "contacts.tsv").read_bytes() for name in ("map", "of_triplets", "of_loops")]
    assert tables[0] == tables[1] == tables[2]


def test_the_column_of_the_count_is_part_of_the_run(tensors_argv, tmp_path, monkeypatch, capsys):
    (tmp_path / "loops").write_text(HEADER + LOOP)
    argv = tensors_argv("--mcool_filename", tmp_path / "loops", "--count_column", "8")
    assert tensors.main(argv) == 0
    assert read_run_settings(DataFolder(tmp_path / "data")).count_column == 8
    monkeypatch.setattr(LoopMap, "_read", None)  # a restart does not read the loops again
    assert tensors.main(argv) == 0
    capsys.readouterr()
    refuse(capsys, tensors.main, argv[:-2], "count_column was 8 when this folder was made and is null now")


def write_model(path, seed):
    """A random walk of each chromosome, a bead for each bin."""
    walk = {
        name: np.random.default_rng(seed).normal(size=(-(-n // 1000), 3)).cumsum(0) for name, n in CHROMSIZES.items()
    }
    path.write_text(
        "".join(
            f"{name}\t{i * 1000}\t{x}\t{y}\t{z}\n" for name in walk for i, (x, y, z) in enumerate(walk[name].tolist())
        )
    )


@pytest.mark.parametrize(
    "options, field",
    [(["--max_dist", "6"], "max_dist"), (["--contact_radius", "6", "--contact_rule", "corrected"], "contact_radius")],
)
def test_models_are_an_ensemble_with_a_reach_that_is_part_of_the_run(
    tensors_argv, tmp_path, monkeypatch, capsys, options, field
):
    models = [tmp_path / "cell1.3dg", tmp_path / "cell2.3dg"]
    for seed, path in enumerate(models):
        write_model(path, seed)
    argv = tensors_argv("--mcool_filename", *models, *options)
    assert tensors.main(argv) == 0
    settings = read_run_settings(DataFolder(tmp_path / "data"))
    assert getattr(settings, field) == 6 and len(settings.maps_sha256) == 2
    monkeypatch.setattr(ModelMap, "_read", None)  # a restart does not read the models again
    assert tensors.main(argv) == 0
    capsys.readouterr()
    other = [*options[:1], "7", *options[2:]]
    refuse(capsys, tensors.main, tensors_argv("--mcool_filename", *models, *other), f"{field} was 6.0 when this folder")


def changed(line, replacement):
    rows = [HEADER, *[LOOP] * 1200]
    rows[line - 1] = replacement
    return "".join(rows).encode()


BEADS = "chr1\t0\t0\t0\t0\nchr1\t1000\t1\t0\t0\n"
REACH = ("--contact_radius", "1")
BAD_FILES = {
    "an ambiguous table": (
        LOOP.encode(),
        (),
        "no header names its count; the first row is 1 chr1, 2 60000, 3 61000, 4 chr1, 5 90000, 6 91000, 7 peak, 8 3; "
        "expected --count_column with the number of the column of the raw count",
    ),
    "a column less": (
        changed(1000, "chr1\t0\t1000\tchr1\t5000\t6000\t3\n"),
        (),
        "7 columns on line 1000, 8 on the first",
    ),
    "gzip cut short": (gzip.compress(changed(1000, LOOP))[:-9], (), "damaged or cut short"),
    "past the end": (
        changed(700, LOOP.replace("91000", "120401")),
        (),
        "chr1 reaches to 120,401 bp on line 700 and is 1",
    ),
    "a column of names": (changed(700, LOOP), ("--count_column", "7"), "the count, column 7, on line 2 is 'peak'"),
    "starts of other bins": (
        b"chr1\t0\t5000\t3\nchr1\t0\t5500\t3\n",
        (),
        "a bin on line 2 starts at 5500; expected a mul",
    ),
    "NaN coordinates": (f"{BEADS}chr1\t2000\tnan\t0\t0\n".encode(), REACH, "x on line 3 is 'nan'"),
    "an unknown chromosome": (f"{BEADS}A\t2000\t3\t0\t0\n".encode(), REACH, "the genome has no chromosome 'A'"),
    "units that nobody tells": (BEADS.encode(), (), "give --max_dist in the model's units, or --contact_radius"),
    "a model without counts": (
        BEADS.encode(),
        ("--contact_rule", "corrected"),
        "give --contact_radius, or choose --contact_rule published and --max_dist",
    ),
    "wider bins": (
        BEADS.replace("1000", "5000").encode(),
        REACH,
        "beads 5,000 bp apart; .*choose --hic_resolution 5000",
    ),
    "another column": (
        changed(700, LOOP),
        ("--value_column", "score"),
        "--value_column score: none of the contact maps",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_cannot_be_used_gives_one_line_and_nothing_is_written(tensors_argv, tmp_path, capsys, kind):
    given, options, message = BAD_FILES[kind]
    (tmp_path / "given").write_bytes(given)
    refuse(capsys, tensors.main, tensors_argv("--mcool_filename", tmp_path / "given", *options), message)
    assert set(files_in(tmp_path)) == {tmp_path / "given"}


def test_models_are_not_added_to_maps(world, tensors_argv, tmp_path, capsys):
    (tmp_path / "given").write_text(BEADS)
    argv = tensors_argv("--mcool_filename", world.maps[0], tmp_path / "given", *REACH)
    refuse(capsys, tensors.main, argv, "given: a 3D model, but .*map0.mcool is none")
