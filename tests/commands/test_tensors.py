"""tensors.py as a user runs it: numbers, files, restart, shards, and errors on one line."""

import contextlib
import gzip
import json
import os
import re
import shutil
import signal
import time
from collections import Counter

import numpy as np
import oracles
import pandas as pd
import pytest
import torch
from conftest import ROOT, example_genes, narrow_state, write_mcool
from conftest import tensor_bytes as content
from numpy.testing import assert_allclose, assert_array_equal
from processes import start_on_two_devices, start_tensors

from expecto import beluga
from spex.commands import tensors
from spex.contacts import sums
from spex.features import run as features_run
from spex.features import write
from spex.files import sealed

GOLDEN = ROOT / "tests" / "golden"
GENES = [f"G{number}" for number in range(9)]


def tensor(folder, gene):
    return np.load(folder / "tensors" / f"tensor_gene_{gene}.npy")


@contextlib.contextmanager
def threads(count):
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    yield
    torch.set_num_threads(before)


def succeed(argv):
    assert tensors.main(argv) == 0


@pytest.fixture(scope="module")
def predict():
    model = beluga.Beluga((16, 16, 16), 16)
    state = narrow_state()
    ours = {
        f"{own}.{kind}": state[f"{theirs}.{kind}"]
        for theirs, own in beluga.CHECKPOINT_LAYERS.items()
        for kind in ("weight", "bias")
    }
    model.load_state_dict(ours)
    known = {}

    def predict_once(windows):
        key = windows.tobytes()
        if key not in known:
            known[key] = model(torch.from_numpy(windows)).numpy()
        return known[key]

    return predict_once


# --- numbers ---


@pytest.fixture
def golden(full_checkpoint, tmp_path):
    """Features of the published program, and what of tensors.py computes them with the full-size network."""
    with np.load(GOLDEN / "features.npz") as stored:
        features = dict(zip(stored["gene_id"], stored["features"], strict=True))
    genome = tmp_path / "genome.fa"
    genome.write_bytes(gzip.decompress((GOLDEN / "genome.fa.gz").read_bytes()))
    argv = [
        *("--genes_filename", str(GOLDEN / "genes.csv"), "--genome_filename", str(genome)),
        *("--beluga_model_filename", str(full_checkpoint), "--pred_cache_folder", str(tmp_path / "cache")),
        *("--compute_platform", "CPU"),
    ]
    return features, argv


def test_the_golden_genes_have_the_published_programs_features(golden, tmp_path):
    """The full-size network on six genes; slow (some 20 s) because nothing smaller shows the real numbers."""
    expected, argv = golden
    succeed([*argv, "--data_folder", str(tmp_path / "map"), "--mcool_filename", str(GOLDEN / "contacts.mcool")])
    assert len(content(tmp_path / "map")) == len(expected) == 6
    for gene, features in expected.items():
        assert_allclose(tensor(tmp_path / "map", gene), features, rtol=2e-5)


@pytest.mark.soak
def test_a_golden_gene_without_the_map_and_by_two_threads_has_its_own_features(golden, tmp_path):
    """The columns of a map stand behind. Narrow networks show the same of each above and below."""
    expected, argv = golden
    one = ("--test_only", "--divisor", "5", "--reminder", "4", "--no_pred_cache")
    succeed([*argv, "--data_folder", str(tmp_path / "one"), *one])
    with threads(2):
        succeed([*argv, "--data_folder", str(tmp_path / "two"), *one])
    (name,) = content(tmp_path / "one")
    gene = name.removeprefix("tensor_gene_").removesuffix(".npy")
    for folder in ("one", "two"):
        assert_allclose(tensor(tmp_path / folder, gene), expected[gene][:20_020], rtol=2e-5)
    assert_allclose(tensor(tmp_path / "one", gene), tensor(tmp_path / "two", gene), rtol=1e-6)


@pytest.fixture(scope="module")
def own_features(world, predict):
    """What the oracle says of each gene's own windows, which no map and no rule changes."""
    table = example_genes().set_index("id").loc[GENES]
    return {
        gene.Index: oracles.gene_features(
            predict, world.sequences[gene.seqnames], int(gene.CAGE_representative_TSS), gene.strand
        )
        for gene in table.itertuples()
    }


@pytest.mark.parametrize("rule", ["published", "corrected"])
@pytest.mark.parametrize("maps", [[0], [0, 1]], ids=["one map", "two maps"])
def test_features_agree_with_the_oracle(world, narrow, predict, own_features, tensors_argv, tmp_path, rule, maps):
    succeed(tensors_argv("--contact_rule", rule, maps=maps))
    table = example_genes().set_index("id")
    for gene in GENES:
        chrom, strand, tss = table.loc[gene, ["seqnames", "strand", "CAGE_representative_TSS"]]
        sequence, pixels = world.sequences[chrom], [world.pixels[index][chrom] for index in maps]
        neighbours = oracles.neighbour_features(predict, sequence, int(tss), strand, pixels, rule=rule)
        assert_allclose(tensor(tmp_path / "data", gene), np.concatenate([own_features[gene], neighbours]), rtol=1e-5)


GROWN = {
    "tiled": (["--contact_rule", "corrected", "--hic_resolution", 5000], {"resolution": 5000}),
    "tiled, grouped, weighted": (
        [
            *("--contact_rule", "corrected", "--hic_resolution", 5000),
            *("--distance_edges", 0.4, 0.6, "--contact_weight", "count"),
        ],
        {"resolution": 5000, "distance_edges": [0.4, 0.6], "weigh": lambda one, other, count: count},
    ),
    "published, grouped, weighted": (
        ["--max_dist", 0.9, "--distance_edges", 0.5, 0.8, "--contact_weight", "log"],
        {"max_dist": 0.9, "distance_edges": [0.5, 0.8], "weigh": lambda one, other, count: np.log(1 + count)},
    ),
}


@pytest.fixture(scope="module")
def coarse(world, tmp_path_factory):
    """The first map at 5,000 bp too, by adding counts. Returns: its path; chromosome -> resolution -> pixels."""
    path = tmp_path_factory.mktemp("coarse") / "map.mcool"
    shutil.copy(world.maps[0], path)
    pixels = {}
    for chrom, fine in world.pixels[0].items():
        sums = Counter()
        for one, other, count in fine:
            sums[one // 5, other // 5] += count
        pixels[chrom] = {1000: fine, 5000: [(*pair, count) for pair, count in sorted(sums.items())]}
    write_mcool(path, {chrom: of[5000] for chrom, of in pixels.items()}, resolution=5000, others=(), mode="a")
    return path, pixels


@pytest.mark.parametrize("case", GROWN)
def test_grown_rules_agree_with_the_oracle(world, coarse, narrow, predict, tensors_argv, tmp_path, capsys, case):
    options, of_oracle = GROWN[case]
    path, pixels = coarse
    argv = tensors_argv("--mcool_filename", path, *options)
    succeed(argv)
    rule = "corrected" if "corrected" in options else "published"
    groups = len(of_oracle.get("distance_edges", [1]))
    table = example_genes().set_index("id")
    for gene in GENES:
        chrom, strand, tss = table.loc[gene, ["seqnames", "strand", "CAGE_representative_TSS"]]
        of_chrom = pixels[chrom][of_oracle.get("resolution", 1000)]
        expected = oracles.neighbour_features(
            predict, world.sequences[chrom], int(tss), strand, [of_chrom], rule=rule, **of_oracle
        )
        found = tensor(tmp_path / "data", gene)
        assert found.shape == (20_020 + 4_004 * groups,)
        assert_allclose(found[20_020:], expected, rtol=1e-5)
    before = content(tmp_path / "data")
    capsys.readouterr()
    succeed(argv)
    assert "0 genes done, 9 already there" in capsys.readouterr().err
    succeed([*argv, "--data_folder", str(tmp_path / "again"), "--no_pred_cache", "--block_size", "2"])
    assert content(tmp_path / "again") == before


def test_without_maps_a_tensor_holds_the_genes_own_features(narrow, tensors_argv, tmp_path):
    succeed(tensors_argv())
    succeed(tensors_argv("--no_pred_cache", data="map", maps=[0]))
    for gene in GENES:
        alone = tensor(tmp_path / "data", gene)
        assert alone.shape == (20_020,)
        assert alone.dtype == np.float32
        assert_array_equal(alone, tensor(tmp_path / "map", gene)[:20_020])


# --- the same bytes, however the work is cut ---


@pytest.mark.parametrize(
    "options", [["--block_size", 1], ["--block_size", 2, "--batch_size", 600], ["--no_pred_cache"]], ids=str
)
def test_blocks_batches_and_the_cache_change_no_bit(reference, tensors_argv, tmp_path, options):
    succeed(tensors_argv(*options, maps=[1, 0]))
    assert content(tmp_path / "data") == reference


def test_segments_and_groups_of_bins_add_up(undisturbed, narrow, tensors_argv, tmp_path, monkeypatch):
    monkeypatch.setattr(sums, "SEGMENT_WINDOWS", 10)
    monkeypatch.setattr(sums, "WINDOWS_AT_ONCE", 15)
    succeed(tensors_argv("--no_pred_cache", maps=[0, 1]))
    for gene in GENES:
        assert_allclose(tensor(tmp_path / "data", gene), tensor(undisturbed, gene), rtol=1e-6)


def test_threads_change_next_to_nothing(undisturbed, narrow, tensors_argv, tmp_path):
    with threads(2):
        succeed(tensors_argv("--no_pred_cache", maps=[0, 1]))
    for gene in GENES:
        # the full-size network stays within 1e-6 (see the golden genes); layers this narrow are divided among threads
        assert_allclose(tensor(tmp_path / "data", gene), tensor(undisturbed, gene), rtol=1e-5)


def test_three_shards_make_what_one_run_makes(reference, tensors_argv, tmp_path):
    done = 0
    for shard in (2, 0, 1):
        succeed(tensors_argv("--divisor", 3, "--reminder", shard, maps=[0, 1]))
        assert len(content(tmp_path / "data")) > done
        done = len(content(tmp_path / "data"))
    assert content(tmp_path / "data") == reference


def test_the_order_of_the_genes_changes_no_bit(reference, tensors_argv, tmp_path):
    example_genes().sort_values("id", ascending=False).to_csv(tmp_path / "genes.csv", index=False)
    succeed(tensors_argv("--genes_filename", tmp_path / "genes.csv", "--block_size", 2, "--no_pred_cache", maps=[0, 1]))
    assert content(tmp_path / "data") == reference


def test_test_only_makes_the_genes_of_chr8(reference, tensors_argv, tmp_path):
    succeed(tensors_argv("--test_only", maps=[0, 1]))
    made = content(tmp_path / "data")
    assert sorted(made) == [f"tensor_gene_{gene}.npy" for gene in ("G4", "G5", "G6")]
    assert made.items() <= reference.items()


@pytest.mark.parametrize("failing_write", [1, 4, 8])
@pytest.mark.parametrize("how, status", [(KeyboardInterrupt, 130), ("SIGTERM", 143)])
def test_a_run_cut_off_goes_on_to_the_same_bytes(
    reference, tensors_argv, tmp_path, monkeypatch, capsys, failing_write, how, status
):
    writes = []

    def save_or_stop(path, array, **options):
        writes.append(path)
        if len(writes) == failing_write:
            if how == "SIGTERM":
                os.kill(os.getpid(), signal.SIGTERM)
            else:
                raise how
        original(path, array, **options)

    original = write.save_array
    argv = tensors_argv("--block_size", 1, maps=[0, 1])
    monkeypatch.setattr(write, "save_array", save_or_stop)
    assert tensors.main(argv) == status
    assert "the same command goes on from there" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setattr(beluga, "CHANNELS", (16, 16, 16))
    monkeypatch.setattr(beluga, "HIDDEN", 16)
    assert content(tmp_path / "data").items() <= reference.items()
    succeed(argv)
    assert content(tmp_path / "data") == reference


def test_a_killed_process_leaves_whole_tensors_and_the_next_finishes(reference, tensors_argv, tmp_path):
    argv = tensors_argv("--block_size", 1, maps=[0, 1])
    process = start_tensors(argv)
    while process.poll() is None and len(list(tmp_path.glob("data/tensors/*.npy"))) < 3:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    left = {name: data for name, data in content(tmp_path / "data").items() if not name.startswith(".")}
    assert left.items() <= reference.items()
    assert start_tensors(argv).wait() == 0
    assert content(tmp_path / "data") == reference
    assert not list((tmp_path / "data").glob("**/.*"))


def test_processes_started_together_make_what_one_makes(reference, tensors_argv, world, tmp_path):
    genome = tmp_path / "genome.fa"  # its index does not exist yet
    shutil.copy(world.genome, genome)
    shards = [["--divisor", 2, "--reminder", 0], ["--divisor", 2, "--reminder", 1], []]
    processes = [start_tensors(tensors_argv("--genome_filename", genome, *shard, maps=[0, 1])) for shard in shards]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert content(tmp_path / "data") == reference


def test_what_another_process_finishes_meanwhile_is_not_done_twice(
    reference, tensors_argv, tmp_path, monkeypatch, capsys
):
    def save_and_let_another_finish(path, array, **options):
        sealed.save_array(path, array, **options)
        for name, tensor in reference.items():
            path.with_name(name).write_bytes(tensor)

    monkeypatch.setattr(write, "save_array", save_and_let_another_finish)
    capsys.readouterr()
    succeed(tensors_argv("--block_size", 1, "--no_pred_cache", maps=[0, 1]))
    (windows,) = re.findall(r"(\d+) windows computed", capsys.readouterr().err)
    assert 200 <= int(windows) < 1400  # of some 1900: what was asked for and read ahead of the first is computed too
    assert content(tmp_path / "data") == reference


def test_several_devices_make_what_one_makes(reference, tensors_argv, tmp_path, capfd):
    # with processes that start as those of a user do; in the other tests of several devices they are forks
    argv = tensors_argv("--precision", "float32", maps=[0, 1])
    assert start_on_two_devices("tensors", argv, env={"SPAWN": "anew"}).wait() == 0
    assert content(tmp_path / "data") == reference
    log = capfd.readouterr().err
    assert re.search(
        "9 genes, 0 done before; with contacts of .*map0.mcool, .*map1.mcool, published rule; cpu, cpu, float32", log
    )
    (tmp_path / "data" / "tensors" / "tensor_gene_G1.npy").unlink()  # more devices than genes are left
    assert start_on_two_devices("tensors", argv).wait() == 0
    assert content(tmp_path / "data") == reference
    assert re.search(r"\b1[89]\d\d windows computed", log)


@pytest.mark.parametrize(
    "failure, status, message",
    [
        ("full", 2, "tensors.py: error: No space left on device; free some space, then run the same command again\n$"),
        pytest.param(*("bug", 1, "ZeroDivisionError[^$]*a worker process ended with status 1"), marks=pytest.mark.soak),
    ],
)
def test_a_failure_on_one_of_several_devices_ends_the_run(tensors_argv, capfd, failure, status, message):
    argv = tensors_argv("--precision", "float32")
    process = start_on_two_devices("tensors", argv, env={"WRITES": failure})
    assert process.wait() == status
    log = capfd.readouterr().err
    assert re.search(message, log)
    assert ("Traceback" in log) == (failure == "bug")


def test_a_device_whose_process_is_killed_ends_the_run_in_one_line(tensors_argv, tmp_path, capfd):
    process = start_on_two_devices("tensors", tensors_argv("--precision", "float32"), env={"WRITES": "hang"})
    begun = tmp_path / "data" / "tensors" / "begun"
    while not begun.exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(int(begun.read_text()), signal.SIGKILL)
    assert process.wait() == 2
    log = capfd.readouterr().err
    assert "Traceback" not in log
    assert "killed by signal 9, most often for want of memory" in log.splitlines()[-1]


@pytest.mark.parametrize(
    "stop, send, status",
    [
        (signal.SIGTERM, os.killpg, 143),  # as SLURM does
        pytest.param(signal.SIGINT, os.killpg, 130, marks=pytest.mark.soak),  # as Ctrl-C does
        (signal.SIGKILL, os.kill, -signal.SIGKILL),
    ],
)
def test_several_devices_stop_together(tensors_argv, tmp_path, capfd, stop, send, status):
    argv = tensors_argv("--precision", "float32")
    process = start_on_two_devices("tensors", argv, env={"WRITES": "hang"}, start_new_session=True)
    while not (tmp_path / "data" / "tensors" / "begun").exists():
        assert process.poll() is None
        time.sleep(0.01)
    send(process.pid, stop)
    assert process.wait() == status
    deadline = time.monotonic() + 20
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.05)
    log = capfd.readouterr().err
    assert "Traceback" not in log
    assert ("the same command goes on from there" in log) == (stop != signal.SIGKILL)


def test_damaged_tensors_are_made_again(reference, tensors_argv, tmp_path, capsys):
    argv = tensors_argv(maps=[0, 1])
    succeed(argv)
    folder = tmp_path / "data" / "tensors"
    whole = (folder / "tensor_gene_G1.npy").read_bytes()
    (folder / "tensor_gene_G1.npy").write_bytes(whole[:-100])
    (folder / "tensor_gene_G2.npy").write_bytes(whole[:5000] + b"x" + whole[5001:])
    np.save(folder / "tensor_gene_G3.npy", np.zeros(20_020, np.float32))
    (folder / "tensor_gene_G4.npy").write_bytes(b"")
    capsys.readouterr()
    succeed(argv)
    log = capsys.readouterr().err
    for gene in ("G1", "G2", "G3", "G4"):
        assert len(re.findall(f"tensor_gene_{gene}.npy.*made again", log)) == 1
    assert "4 genes done, 5 already there" in log
    assert content(tmp_path / "data") == reference


def test_a_second_map_computes_no_bin_and_no_own_window_again(narrow, tensors_argv, tmp_path, capsys):
    succeed(tensors_argv(maps=[0, 1]))
    capsys.readouterr()
    succeed(tensors_argv(data="second", maps=[0]))
    log = capsys.readouterr().err
    assert "9 genes done, 0 already there" in log
    assert re.search(r"\b0 windows computed", log)
    succeed(tensors_argv("--no_pred_cache", data="alone", maps=[0]))
    assert content(tmp_path / "second") == content(tmp_path / "alone")


def test_a_half_precision_cache_gives_the_same_bytes_first_and_second_time(narrow, tensors_argv, tmp_path):
    for data in ("first", "second"):
        succeed(tensors_argv("--cache_dtype", "float16", data=data, maps=[0]))
    assert content(tmp_path / "first") == content(tmp_path / "second")
    succeed(tensors_argv(data="full", maps=[0]))
    for gene in GENES:
        assert_allclose(tensor(tmp_path / "first", gene), tensor(tmp_path / "full", gene), rtol=1e-3)
    assert content(tmp_path / "first") != content(tmp_path / "full")


# --- files beside the tensors ---


def test_records_beside_the_tensors(world, narrow, tensors_argv, tmp_path):
    succeed(tensors_argv(maps=[0]))
    data = tmp_path / "data"
    settings = json.loads((data / "run.json").read_text())["settings"]
    assert settings["contact_rule"] == "published"
    assert settings["max_dist"] == 1.15
    assert settings["min_count"] is None
    assert len(settings["maps_sha256"]) == 1
    cached = pd.read_csv(data / "cached_genes.tsv", sep="\t")
    assert_array_equal(example_genes()["id"][cached["index"]], cached["id"])
    contacts = pd.read_csv(data / "contacts.tsv", sep="\t").set_index("id")
    table = example_genes().set_index("id")
    for gene in GENES:
        chrom, strand, tss = table.loc[gene, ["seqnames", "strand", "CAGE_representative_TSS"]]
        kept = oracles.kept_contacts([world.pixels[0][chrom]], int(tss), rule="published")
        tss_bin = oracles.tss_bin(int(tss), 1000, "published")
        down = [count for other, count in kept or [] if oracles.is_downstream(other, tss_bin, strand)]
        assert contacts.loc[gene, "has_pixels"] == (kept is not None)
        assert contacts.loc[gene, "downstream_bins"] == len(down)
        assert contacts.loc[gene, "downstream_count"] == sum(down)
        assert contacts.loc[gene, "upstream_bins"] == len(kept or []) - len(down)


def test_contacts_are_not_read_again_on_restart(narrow, tensors_argv, monkeypatch):
    argv = tensors_argv(maps=[0])
    succeed(argv)
    monkeypatch.setattr(features_run, "read_maps", None)  # calling it would fail
    succeed(argv)


# --- what cannot be used ---


def test_a_folder_of_other_settings_is_refused_and_left_alone(narrow, tensors_argv, tmp_path, capsys):
    succeed(tensors_argv(maps=[0]))
    before = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    capsys.readouterr()
    for options, maps, message in (
        (["--max_dist", 1.2], [0], r"max_dist was 1\.15 when this folder was made and is 1\.2 now"),
        (["--contact_rule", "corrected"], [0], 'contact_rule was "published" .* and is "corrected" now'),
        ([], [1], "--mcool_filename was /.*.mcool when this folder was made and is /.*.mcool now"),
        ([], [], "this folder was made with a contact map, and none is given now"),
        (["--contact_weight", "log"], [0], 'contact_weight was null when this folder was made and is "log" now'),
        (["--distance_edges", 0.3, 0.6], [0], r"distance_edges was null .* and is \[0\.3, 0\.6\] now"),
    ):
        assert tensors.main(tensors_argv(*options, maps=maps)) == 2
        assert re.fullmatch(f"tensors.py: error: .*run.json: {message}.*\n", capsys.readouterr().err)
    assert {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()} == before


def test_a_full_disk_is_reported_in_one_line_and_the_run_goes_on_later(
    reference, tensors_argv, tmp_path, monkeypatch, capsys
):
    argv = tensors_argv("--block_size", 2, maps=[0, 1])

    def full(path, array, **options):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(write, "save_array", full)
    capsys.readouterr()
    assert tensors.main(argv) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch("tensors.py: error: .*No space left on device; free some space, then run the same .*", last)
    monkeypatch.setattr(write, "save_array", sealed.save_array)
    succeed(argv)
    assert content(tmp_path / "data") == reference


def test_a_defect_of_the_program_keeps_its_traceback(narrow, tensors_argv, monkeypatch):
    monkeypatch.setattr(features_run, "claim_run", lambda folder, settings, files: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tensors.main(tensors_argv())


@pytest.mark.parametrize("which", ["genome", "maps"])
def test_an_input_that_is_overwritten_during_a_run_stops_it(
    reference, world, narrow, tensors_argv, tmp_path, monkeypatch, capsys, which
):
    path = {"genome": world.genome, "maps": world.maps[1]}[which]
    content_before, times = path.read_bytes(), os.stat(path)
    other = content_before.translate(bytes.maketrans(b"ACGT", b"TGCA"))

    def save_and_overwrite(*given, **options):
        original(*given, **options)
        with open(path, "r+b") as file:  # in place, under its old time
            file.write(other)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    original = write.save_array
    monkeypatch.setattr(write, "save_array", save_and_overwrite)
    argv = tensors_argv("--block_size", 1, maps=[0, 1])
    try:
        assert tensors.main(argv) == 2
    finally:
        path.write_bytes(content_before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    option = {"genome": "--genome_filename", "maps": "--mcool_filename"}[which]
    assert re.search(rf"error: {option} {path}: changed since this run began; .*same command", capsys.readouterr().err)
    assert content(tmp_path / "data").items() <= reference.items()
    monkeypatch.setattr(write, "save_array", original)
    succeed(argv)
    assert content(tmp_path / "data") == reference
    shutil.rmtree(tmp_path / "data")  # the cache has rows of the right genome alone
    succeed(argv)
    assert content(tmp_path / "data") == reference


def test_weights_that_overflow_stop_the_run_and_keep_nothing(world, narrow, tensors_argv, tmp_path, capsys):
    state = narrow_state()
    for name in ("model.0.2.weight", "model.0.6.weight", "model.0.8.weight", "model.0.12.weight"):
        state[name] = state[name] * 1e30
    torch.save(state, tmp_path / "overflow.pth")
    assert tensors.main(tensors_argv("--beluga_model_filename", tmp_path / "overflow.pth")) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "--beluga_model_filename: predictions that are not finite (its weights or this precision overflow)" in error
    assert not content(tmp_path / "data") and not list((tmp_path / "cache").rglob("*.npy"))
