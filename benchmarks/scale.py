"""How tensors are best divided among jobs that run at the same time: a simulation, nothing is computed.

    python -m benchmarks.scale [--genes TABLE] [--contacts 8 40] [--shards 1 2 4 8 16 32 64] [--maps 32] [--block 8]

The genes of the published table (--genes) where they lie; without it, made ones at such distances. A made map: of every
gene contacts with anchors, bins that neighbouring genes share, at 20 kb to 1.5 Mb; few genes have very many. Jobs begin
together and go through their genes along the genome, block by block from one drawn at random, as `tensors.py` does:
genes that are finished and bins that are in the prediction cache are passed over. What a job computed is in the cache
for the others once it has filled a shard of the cache, gone on to the next chromosome, or ended. Work is counted in
isolated bins; a gene's own windows cost as much as `OWN_WORK` of them.

A key says which genes a job does: `rows`, the row numbers that leave the same remainder (--divisor, --reminder);
`stretch`, as many genes for each, side by side on the genome; `work`, stretches of as much work for each, where it is
known what a gene's own windows will cost; `guess`, where it is not, and is taken for `GUESSED_WORK`; `all`, no shards:
every job is for all genes, and passes over what the others finish. A second table has maps at once, a job each.
"""

import argparse
import heapq
import time

import numpy as np
import pandas as pd

from benchmarks.measure import publish
from spex.inputs.genes import keep_genes, read_gene_table
from spex.models.splits import sorted_chromosomes

RESOLUTION = 1000
OWN_WORK = {"computed": 30.0, "in the cache": 0.1, "in the cache, GPU": 80.0}
"""A gene's own windows, in isolated bins. Measured on two cores: 1.46 s and 0.050 s a bin, 4.5 ms from the cache and to
the tensor's file, which on a GPU are the host's still, where a bin takes 0.05 ms."""

NEAREST, FARTHEST, DECAY = 20_000, 1_500_000, 0.7
ANCHORS = 0.06
"""Share of the bins that genes touch, beside those that hold a TSS."""

STRENGTH_SPREAD, ACTIVITY_SPREAD = 1.0, 0.9
"""Standard deviations of logarithms."""

WITHOUT = 0.06
"""Share of genes that nothing touches."""

COMMON_ANCHORS = 0.5
"""Share of the anchors that all maps of a study have."""

BLOCK = 8
"""Genes at once, as on a CPU; with 256, as on a GPU, a job sees what others computed a little later."""
CACHE_SHARD = (32 << 20) // (2002 * 4)
"""Rows of a shard of the prediction cache: those of 32 MiB."""

FEATURE_BYTES = 2002 * 4
MADE_GENES = 22_826
KEYS = ("rows", "stretch", "work", "guess", "all")
GUESSED_WORK = 10.0
"""Between what own windows cost in the cases of OWN_WORK."""

ALL = -1
"""Instead of a job's number: every job does the gene."""


def read_genes(table):
    """Genes along the genome: DataFrame with row (its number in the table), chrom, place, tss. table: path or None."""
    if table:
        genes = keep_genes(read_gene_table(table))
        genes = genes.assign(row=genes.index)
    else:
        random = np.random.default_rng(1)
        share = 1 / np.arange(1, 24) ** 0.6
        chroms = np.sort(random.choice(23, MADE_GENES, p=share / share.sum()))
        tss = 2_000_000 + np.cumsum(random.lognormal(np.log(35_000), 1.6, MADE_GENES)).astype(int)
        genes = pd.DataFrame({"row": random.permutation(MADE_GENES), "chrom": [f"chr{n + 1}" for n in chroms]})
        genes["tss"] = tss - pd.Series(tss).groupby(chroms).transform("min") + 2_000_000
    order = {chrom: place for place, chrom in enumerate(sorted_chromosomes(genes["chrom"]))}
    genes = genes.assign(place=genes["chrom"].map(order)).sort_values(["place", "tss", "row"], ignore_index=True)
    return genes[["row", "chrom", "place", "tss"]]


def bins_in_all(genes):
    """Number of bins over all chromosomes."""
    return int((genes.groupby("place")["tss"].max() // RESOLUTION + FARTHEST // RESOLUTION + 1).sum())


def touch(genes, mean, seed=0):
    """The bins that genes touch on a made map: list of arrays, numbers of bins over all chromosomes.

    mean: of the bins that a gene touches. seed: of the map; COMMON_ANCHORS of the anchors are the same for all.
    """
    common, random = np.random.default_rng(0), np.random.default_rng([seed, 1])
    touched, first = [], 0
    for _, mine in genes.groupby("place"):
        own = mine["tss"].to_numpy() // RESOLUTION
        length = own.max() + FARTHEST // RESOLUTION + 1
        anchors = np.concatenate(
            [
                own,
                np.flatnonzero(common.random(length) < ANCHORS * COMMON_ANCHORS),
                np.flatnonzero(random.random(length) < ANCHORS * (1 - COMMON_ANCHORS)),
            ]
        )
        anchors = np.unique(anchors)
        strength = random.lognormal(sigma=STRENGTH_SPREAD, size=len(anchors))
        # the mean of exp(normal) is exp(variance / 2), so that genes have `mean` bins on the average
        wanted = mean / (1 - WITHOUT) * random.lognormal(-(ACTIVITY_SPREAD**2) / 2, ACTIVITY_SPREAD, len(own))
        wanted *= random.random(len(own)) >= WITHOUT
        for bin_, count in zip(own, wanted, strict=True):
            low, high = np.searchsorted(anchors, (bin_ - FARTHEST // RESOLUTION, bin_ + FARTHEST // RESOLUTION))
            near = np.arange(low, high)
            distance = np.abs(anchors[near] - bin_) * RESOLUTION
            near, distance = near[distance >= NEAREST], distance[distance >= NEAREST]
            rates = strength[near] / distance**DECAY
            rates *= count / rates.sum() if len(near) else 1
            touched.append(first + anchors[near[random.random(len(near)) < -np.expm1(-rates)]])
        first += length
    return touched


def shard_of_genes(key, genes, touched, shards, own_work):
    """Which job does each gene, (n,) ints, ALL where each may."""
    if key == "all":
        return np.full(len(genes), ALL)
    if key == "rows":
        return genes["row"].to_numpy() % shards
    weight = GUESSED_WORK if key == "guess" else own_work
    work = np.ones(len(genes)) if key == "stretch" else work_of_genes(touched, weight)
    along = np.cumsum(work) - work / 2
    return np.minimum((along * shards / work.sum()).astype(int), shards - 1)


def work_of_genes(touched, own_work):
    """Work of each gene for one job that does all along the genome, (n,): own windows, and bins that are new."""
    bins = np.concatenate(touched)
    gene = np.repeat(np.arange(len(touched)), list(map(len, touched)))
    first = np.unique(bins, return_index=True)[1]
    return own_work + np.bincount(gene[first], minlength=len(touched))


def simulate(parts, block):
    """Jobs that begin together and share a prediction cache.

    parts: of each job its _World and the genes that it does, (m,) ints along the genome. block: genes at once.
    Returns: dict of bins computed, files of the cache, and when each job ends (jobs,), in isolated bins.
    """
    random = np.random.default_rng(0)
    jobs = [_Job(world, rows, block, random) for world, rows in parts]
    queue = [(0.0, number) for number in range(len(jobs))]
    while queue:
        now, number = heapq.heappop(queue)
        work = jobs[number].next_block()
        if work is not None:
            heapq.heappush(queue, (now + work, number))
    computed, files = (sum(getattr(job, what) for job in jobs) for what in ("computed", "files"))
    return {"computed": computed, "files": files, "ends": np.array([job.worked for job in jobs])}


class _World:
    """A data folder: the genes and their bins, which genes are finished, and which bins are in the cache, an array that
    others may share."""

    def __init__(self, genes, touched, own_work, cached=None):
        self.places, self.touched, self.own_work = genes["place"].to_numpy(), touched, own_work
        self.finished = np.zeros(len(genes), bool)
        self.cached = np.zeros(bins_in_all(genes), bool) if cached is None else cached


class _Job:
    """One job: its blocks of genes in order, and the bins that it alone knows so far."""

    def __init__(self, world, rows, block, random):
        self._world, blocks = world, []
        for place in np.unique(world.places[rows]):
            mine = rows[world.places[rows] == place]
            blocks += [mine[start : start + block] for start in range(0, len(mine), block)]
        begin = random.integers(max(len(blocks), 1))
        self._blocks = (blocks[begin:] + blocks[:begin])[::-1]  # the next one is the last
        self._doing, self._waiting = np.empty(0, int), [np.empty(0, int)]
        self.worked, self.computed, self.files = 0.0, 0, 0

    def next_block(self):
        """End one block and begin the next. Returns: the work of that; None where there is none left."""
        world = self._world
        world.finished[self._doing] = True
        left = self._next_unfinished()
        if not len(left) or not len(self._doing) or world.places[left[0]] != world.places[self._doing[0]]:
            self._publish()
        self._doing = left
        if not len(left):
            return None
        bins = np.unique(np.concatenate([world.touched[row] for row in left]))
        missing = np.setdiff1d(bins[~world.cached[bins]], np.concatenate(self._waiting), assume_unique=True)
        self._waiting.append(missing)
        self.computed += len(missing)
        if sum(map(len, self._waiting)) >= CACHE_SHARD:
            self._publish()
        work = world.own_work * len(left) + len(missing)
        self.worked += work
        return work

    def _next_unfinished(self):
        """The unfinished genes of the next block that has any."""
        while self._blocks:
            block = self._blocks.pop()
            left = block[~self._world.finished[block]]
            if len(left):
                return left
        return np.empty(0, int)

    def _publish(self):
        waiting = np.concatenate(self._waiting)
        self._world.cached[waiting] = True
        self.files += bool(len(waiting))
        self._waiting = [np.empty(0, int)]


def row_of(genes, touched, key, shards, own, block):
    """One row of the table. own: whether own windows are "computed" or "in the cache"."""
    own_work = OWN_WORK[own]
    needed = len(np.unique(np.concatenate(touched)))
    world, shard = _World(genes, touched, own_work), shard_of_genes(key, genes, touched, shards, own_work)
    parts = [(world, np.flatnonzero((shard == job) | (shard == ALL))) for job in range(shards)]
    found = simulate(parts, block)
    least, ends = own_work * len(genes) + needed, found["ends"]
    return {
        "bins a gene": round(sum(map(len, touched)) / len(touched), 1),
        "own windows": own,
        "jobs": shards,
        "key": key,
        "bins computed / needed": found["computed"] / needed,
        "all work / least": ends.sum() / least,
        "slowest / mean": ends.max() / ends.mean(),
        "slowest / least": ends.max() * shards / least,
        "files of bins": found["files"],
    }


def row_of_maps(genes, maps, block):
    """One row of the second table: maps at the same time, a job each, own windows in the cache.

    maps: what each touches, as from `touch`.
    """
    cached = np.zeros(bins_in_all(genes), bool)
    everything = np.arange(len(genes))
    parts = [(_World(genes, touched, OWN_WORK["in the cache"], cached), everything) for touched in maps]
    needed = len(np.unique(np.concatenate([bins for touched in maps for bins in touched])))
    computed = simulate(parts, block)["computed"]
    return {"maps at once": len(maps), "bins": needed, "bins computed / needed": computed / needed}


def disk(genes, maps):
    """Files and bytes of a study: rows of a table. maps: what each touches, as from `touch`."""
    one, union = (len(np.unique(np.concatenate([bins for each in some for bins in each]))) for some in (maps[:1], maps))
    count, many = len(genes), len(maps)
    sizes = {
        "tensors of sequence alone": (count, count * 10),
        f"tensors of {many} maps": (many * count, many * count * 12),
        "cache: own windows": (-(-count * 11 // CACHE_SHARD), count * 11),
        f"cache: bins of one map ({one:,})": (-(-one // CACHE_SHARD), one),
        f"cache: bins of {many} maps ({union:,})": (-(-union // CACHE_SHARD), union),
    }
    return {what: f"{files:,} files, {rows * FEATURE_BYTES / 1e9:.1f} GB" for what, (files, rows) in sizes.items()}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", help="a genes table; without it genes are made")
    parser.add_argument("--contacts", type=int, nargs="+", default=[8, 40], help="bins that a gene touches on average")
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--block", type=int, default=BLOCK, help="genes at once")
    parser.add_argument("--maps", type=int, default=32, help="of the study whose files are counted")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    genes = read_genes(args.genes)
    rows, facts = [], {}
    for mean in args.contacts:
        maps = [touch(genes, mean, seed) for seed in range(args.maps)]
        touched = maps[0]
        for own in OWN_WORK:
            rows += [row_of(genes, touched, key, jobs, own, args.block) for jobs in args.shards for key in KEYS]
        numbers = sorted({min(number, args.maps) for number in (4, 16, args.maps)})
        facts[f"maps at once, {mean} bins a gene"] = [row_of_maps(genes, maps[:n], args.block) for n in numbers]
        facts[f"disk, {mean} bins a gene"] = disk(genes, maps)
    same_bin = genes.assign(bin=genes["tss"] // RESOLUTION).duplicated(["chrom", "bin"], keep=False).mean()
    publish(
        "scale",
        rows,
        args.json,
        command="python -m benchmarks.scale" + (" --genes TABLE" if args.genes else ""),
        genes=len(genes),
        **{"share of genes that share their TSS bin": same_bin, "seconds": time.perf_counter() - start},
        **facts,
    )


if __name__ == "__main__":
    main()
