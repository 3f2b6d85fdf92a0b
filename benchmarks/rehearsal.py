"""A study of the whole genome from its files to its scores, with a narrow network in Beluga's place.

    python -m benchmarks.rehearsal [--genes_filename TABLE] [--genes 22826] [--folder FOLDER]

Makes a genome of GRCh38's lengths, two contact maps, 30 made tissues and, without a genes table, made positions, and
keeps them in the folder (8 GB; 16 GB more while it runs). Then, as a user would on the command line: tensors with a
map, killed in the middle and resumed; the same again, with nothing to do; a second map; ridge of all tissues; ten
rounds of trees. Each step is a process of its own; its seconds, those of the processor and its largest resident size
are the operating system's. About a quarter of an hour on two cores, making the files aside.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import torch

from benchmarks.gpu.synthetic import save_network
from benchmarks.measure import publish
from expecto import beluga
from spex.commands import tensors
from spex.files.atomic import whole_file
from spex.inputs.agree import GRCH38_LENGTHS
from spex.inputs.genes import keep_genes, read_gene_table

GENES = 22_826
CHANNELS, HIDDEN = (16, 16, 16), 16
RESOLUTION = 1000
PIXELS_PER_BIN = 8
FARTHEST = 1500
"""Bins between the two bins of a pixel, at most."""

TISSUES = 30
PENALTIES = [1e3, 1e5]
ROUNDS = 10
LINE = 100
NARROW = "import sys; from benchmarks.rehearsal import make_tensors; sys.exit(make_tensors(sys.argv[1:]))"


def make_tensors(argv):
    """tensors.py with a narrow network."""
    beluga.CHANNELS, beluga.HIDDEN = CHANNELS, HIDDEN
    return tensors.main(argv)


def make_inputs(folder, table, count):
    """Make what is missing of the files that the study starts from. Returns: dict of name -> path."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {
        name: folder / file
        for name, file in {
            "genome": "genome.fa",
            "network": "narrow.pth",
            "first map": "first.mcool",
            "second map": "second.mcool",
            "ridge": "ridge.json",
            "trees": "trees.json",
        }.items()
    }
    paths["genes"], paths["expression"] = folder / f"genes_{count}.csv", folder / f"expression_{count}.csv"
    write_genes(paths["genes"], table, count)
    write_expression(paths["expression"], len(pd.read_csv(paths["genes"])))
    for name, make in (("genome", write_genome), ("network", write_network)):
        if not paths[name].exists():
            print(f"making {paths[name]}", flush=True)
            make(paths[name])
    for seed, name in enumerate(("first map", "second map")):
        if not paths[name].exists():
            print(f"making {paths[name]}", flush=True)
            write_map(paths[name], seed)
    paths["ridge"].write_text(json.dumps({"penalties": PENALTIES}))
    paths["trees"].write_text(json.dumps({"num_boost_round": ROUNDS, "early_stopping_rounds": ROUNDS}))
    return paths


def write_genome(path):
    """Random chromosomes; each is a stretch of the first one rotated, which is quick to make."""
    letters = np.random.default_rng(0).choice(np.frombuffer(b"ACGT", np.uint8), max(GRCH38_LENGTHS.values()))
    with whole_file(path, durable=False) as file:
        for number, (chrom, length) in enumerate(GRCH38_LENGTHS.items()):
            rotated = np.roll(letters, 1_000_003 * number)[:length]
            whole = length // LINE * LINE
            lines = np.hstack([rotated[:whole].reshape(-1, LINE), np.full((whole // LINE, 1), ord("\n"), np.uint8)])
            file.write(f">{chrom}\n".encode() + lines.tobytes() + rotated[whole:].tobytes() + b"\n")


def write_network(path):
    torch.manual_seed(0)
    save_network(beluga.Beluga(CHANNELS, HIDDEN), path)


def write_genes(path, table, count):
    """The genes that a table's tensors would be made for, or as many made positions."""
    if table is not None:
        used = keep_genes(read_gene_table(table)).index[:count]
        pd.read_csv(table).loc[used].to_csv(path, index=False)
        return
    generator = np.random.default_rng(1)
    sizes = np.array(list(GRCH38_LENGTHS.values()))
    chroms = generator.choice(list(GRCH38_LENGTHS), count, p=sizes / sizes.sum())
    tss = [int(generator.integers(1, GRCH38_LENGTHS[chrom])) for chrom in chroms]
    pd.DataFrame(
        {
            "id": [f"MADE{number:05d}" for number in range(count)],
            "symbol": "made",
            "seqnames": chroms,
            "strand": generator.choice(["+", "-"], count),
            "TSS": tss,
            "CAGE_representative_TSS": tss,
            "type": "protein_coding",
        }
    ).to_csv(path, index=False)


def write_expression(path, count):
    values = np.random.default_rng(2).lognormal(size=(count, TISSUES))
    pd.DataFrame(values, columns=[f"made_{number}" for number in range(TISSUES)]).to_csv(path)


def write_map(path, seed):
    """Some 23 million pixels: every bin has as many with bins after it, at the same distances."""
    sizes = pd.Series(GRCH38_LENGTHS)
    bins = cooler.binnify(sizes, RESOLUTION)
    ends = np.cumsum(-(-sizes // RESOLUTION)).to_numpy()
    distances = np.sort(np.random.default_rng(seed).choice(np.arange(20, FARTHEST), PIXELS_PER_BIN, replace=False))

    def pixels():
        for first, end in zip(np.append(0, ends[:-1]), ends, strict=True):
            bin1 = np.repeat(np.arange(first, end), PIXELS_PER_BIN)
            bin2 = bin1 + np.tile(distances, end - first)
            inside = bin2 < end
            yield {"bin1_id": bin1[inside], "bin2_id": bin2[inside], "count": 1 + bin1[inside] % 3}

    part = path.with_suffix(".part")
    cooler.create_cooler(f"{part}::/resolutions/{RESOLUTION}", bins, pixels(), ordered=True, mode="w")
    part.rename(path)


def run(step, command, *, kill_when=None):
    """Run one step's process to its end, or kill it when `kill_when()` holds. Returns: a row of the table."""
    print(f"{step}: {' '.join(map(str, command[1:]))}", flush=True)
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *map(str, command)])
    if kill_when is not None:
        while process.poll() is None and not kill_when():
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != (0 if kill_when is None else -signal.SIGKILL):
        sys.exit(f"{step}: ended with status {process.returncode}")
    return {
        "step": step,
        "seconds": time.perf_counter() - start,
        "CPU seconds": usage.ru_utime + usage.ru_stime,
        "peak GB": usage.ru_maxrss * 1024 / 1e9,
    }


def disk(*folders):
    """GB and number of the files in some folders."""
    sizes = [path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {"GB on disk": sum(sizes) / 1e9, "files": len(sizes)}


def rehearse(folder, inputs, count):
    """All steps. Returns: rows of the table."""
    one, two, cache = (folder / name for name in ("study_first_map", "study_second_map", "pred_cache"))
    for path in (one, two, cache):
        shutil.rmtree(path, ignore_errors=True)
    cache.mkdir()
    shared = ("--genes_filename", inputs["genes"], "--genome_filename", inputs["genome"])
    shared += ("--beluga_model_filename", inputs["network"], "--pred_cache_folder", cache)
    first = ("-c", NARROW, "--data_folder", one, *shared, "--mcool_filename", inputs["first map"])
    second = ("-c", NARROW, "--data_folder", two, *shared, "--mcool_filename", inputs["second map"])
    train = ("train.py", "--data_folder", one, *shared[:2], "--gene_expression_filename", inputs["expression"])
    train += ("--compute_platform", "CPU")

    def half_done():
        return (one / "tensors").is_dir() and len(os.listdir(one / "tensors")) > count / 2

    ridge = ("--model", "ridge", "--params", inputs["ridge"], "--target_index", "all")
    steps = [
        ("tensors with a map, killed half-way", first, half_done),
        ("resumed", first, None),
        ("again, with nothing to do", first, None),
        ("a second map", second, None),
        (f"ridge, {TISSUES} tissues", (*train, *ridge), None),
        (f"trees, {ROUNDS} rounds", (*train, "--params", inputs["trees"], "--target_index", "1"), None),
    ]
    return [run(step, command, kill_when=when) | disk(one, two, cache) for step, command, when in steps]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes_filename", help="a genes table for GRCh38")
    parser.add_argument("--genes", type=int, default=GENES, help="how many of them")
    parser.add_argument("--folder", default="data/demo/rehearsal", help="where files are made")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    folder = Path(args.folder)
    # elsewhere, because a new process's largest resident size counts from that of the one which starts it
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as elsewhere:
        inputs = elsewhere.submit(make_inputs, folder, args.genes_filename, args.genes).result()
    rows = rehearse(folder, inputs, len(pd.read_csv(inputs["genes"])))
    publish("rehearsal", rows, args.json, command="python -m benchmarks.rehearsal", load=os.getloadavg()[0])


if __name__ == "__main__":
    main()
