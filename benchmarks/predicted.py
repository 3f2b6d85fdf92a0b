"""Predicted maps as contestants: what a noisy copy of a map adds, and a map that knows nothing but distance.

    python -m benchmarks.predicted [--genomes 8] [--first 0] [--sets 4] [--noises 0 0.5 ...] [--json FILE]

Genomes of `benchmarks.made_genome`, with expression of which the sequence of contacted bins explains 5 %. A prediction
has a value for each pair of a gene and a bin from 20 kb to 1.5 Mb: the logarithm of 1 + the map's count with noise of
some standard deviation, or nothing but the distance. It gets the counts of the map at each distance, as by `spex map
--values`. Shared: contacts of genes in common with the map, as a share of those of either (Jaccard). Touched: gain of
Spearman's correlation over distance-matched bins. Found: p of the sequence test below 0.01.
"""

import argparse
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd

from benchmarks.made_genome import BIN, FARTHEST, NEAREST, make_expression, make_genome
from benchmarks.measure import publish
from benchmarks.power import LEAST_SHIFT, ROTATIONS, own_parts
from spex.compare.arms import DRAWS, MapArms, compare_map
from spex.compare.statistics import draw_shifts
from spex.compare.tables import make_tables
from spex.contacts.controls import draw_matched, number_columns
from spex.contacts.maps import Pixels, RankedMap, summed

SCENARIO, EVIDENCE = "S5", 0.01
NOISES = (0.0, 0.25, 0.5, 1.0, 2.0)


def pixels_of(contacts):
    """The map of a genome's contacts: chromosome -> bin1, bin2 and count of the pairs of a TSS bin and another."""
    gene = np.repeat(np.arange(len(contacts.genes)), np.diff(contacts.offsets))
    own, bins = ((contacts.tss - 1) // BIN)[gene], contacts.bins.astype(np.int64)
    pairs = np.minimum(own, bins), np.maximum(own, bins), contacts.counts
    return {
        chrom: summed(*(each[contacts.chroms[gene] == chrom] for each in pairs)) for chrom in np.unique(contacts.chroms)
    }


def predict(random, contacts, pixels, noise):
    """A prediction, as `pixels_of` has it. noise: standard deviation; None for a map from distance alone."""
    found = {}
    for chrom, (one, other, counts) in pixels.items():
        own = np.unique((contacts.tss[contacts.chroms == chrom] - 1) // BIN)
        steps = np.arange(NEAREST // BIN, FARTHEST // BIN + 1)
        bins = own[:, None] + np.concatenate([-steps[::-1], steps])
        pairs = np.stack([np.minimum(own[:, None], bins).ravel(), np.maximum(own[:, None], bins).ravel()])
        pairs = np.unique(pairs[:, pairs[0] >= 0], axis=1)
        known = pd.Series(counts, pd.MultiIndex.from_arrays([one, other]))
        values = np.log1p(known.reindex(pd.MultiIndex.from_arrays(pairs), fill_value=0).to_numpy())
        values = -np.log(pairs[1] - pairs[0]) if noise is None else values + noise * random.normal(size=len(values))
        found[chrom] = (*pairs, values)
    return found


def with_counts(values, pixels):
    """The prediction with the counts of the map."""

    def map_of(columns):
        parts = lambda chrom, advance: iter([Pixels(*columns[chrom])])  # noqa: E731
        sizes = dict.fromkeys(columns, 0)
        return SimpleNamespace(path="made", chromsizes=sizes, ends=None, resolution=BIN, resolutions=[BIN], parts=parts)

    map_ = RankedMap(map_of(values), map_of(pixels), covers_all=True)
    parts = {chrom: next(map_.parts(chrom, lambda count: None)) for chrom in pixels}
    return {chrom: (part.bin1, part.bin2, part.counts) for chrom, part in parts.items()}


def contacts_in(pixels, contacts):
    """The genes' contacts in a map, as Contacts."""
    genes = pd.DataFrame({"gene": np.arange(len(contacts.genes)), "chrom": contacts.chroms})
    genes["own"] = (contacts.tss - 1) // BIN
    tables = []
    for chrom, (one, other, counts) in pixels.items():
        seen = [(one, other, counts), (other, one, counts)]
        columns = {
            name: np.concatenate(each)
            for name, each in zip(("own", "bin", "count"), zip(*seen, strict=True), strict=True)
        }
        tables.append(pd.DataFrame(columns).merge(genes[genes["chrom"] == chrom], on="own"))
    table = pd.concat(tables).sort_values(["gene", "bin"])
    numbers = np.bincount(table["gene"], minlength=len(genes))
    forward = (contacts.strands == "+")[table["gene"]]
    return replace(
        contacts,
        has_pixels=numbers > 0,
        offsets=np.concatenate([[0], np.cumsum(numbers)]),
        bins=table["bin"].to_numpy(np.int32),
        counts=table["count"].to_numpy(float),
        downstream=(table["bin"] >= table["own"]).to_numpy() == forward,
    )


def shared(one, other):
    """Contacts of genes that both have, as a share of those that either has."""
    sets = [
        set(zip(np.repeat(np.arange(len(each.genes)), np.diff(each.offsets)).tolist(), each.bins.tolist(), strict=True))
        for each in (one, other)
    ]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def run_genome(seed, sets, noises):
    """A row for each prediction and set of a genome: DataFrame. noises: of the predictions beside distance alone."""
    genome, random = make_genome([seed, 0]), np.random.default_rng([seed, 1])
    observed = make_expression(genome, SCENARIO, sets, [seed, 2])
    own, tested = own_parts(genome, observed)
    shifts = draw_shifts(len(own), ROTATIONS, [seed, 3], least=LEAST_SHIFT)
    pixels, rows = pixels_of(genome.contacts), []
    whole = contacts_in(pixels, genome.contacts)
    for noise in (*noises, None):
        contacts = contacts_in(with_counts(predict(random, whole, pixels, noise), pixels), genome.contacts)
        draws = [genome.sums(draw_matched(contacts, seed, draw)[0]) for draw in range(len(DRAWS))]
        arms = MapArms("map", number_columns(contacts), genome.sums(contacts), draws.__getitem__)
        results = make_tables(
            [compare_map(own, tested, arms, shifts=shifts)], list(enumerate(map(str, range(sets)))), correction="none"
        ).results
        name = "distance alone" if noise is None else f"noise {noise:g}"
        rows.append(results[["gain", "touched", "p_seq"]].assign(prediction=name, shared=shared(contacts, whole)))
    return pd.concat(rows).assign(genome=seed)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genomes", type=int, default=8)
    parser.add_argument("--first", type=int, default=0, help="seed of the first genome")
    parser.add_argument("--sets", type=int, default=4)
    parser.add_argument("--noises", type=float, nargs="*", default=NOISES)
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    table = pd.concat([run_genome(args.first + seed, args.sets, args.noises) for seed in range(args.genomes)])
    table["found, %"] = 100.0 * (table["p_seq"] < EVIDENCE)
    by_genome = table.groupby(["prediction", "genome"], sort=False)[["shared", "gain", "touched", "found, %"]].mean()
    means, errors = (by_genome.groupby("prediction", sort=False).agg(how) for how in ("mean", "sem"))
    rows = [
        {"prediction": name} | {column: f"{row[column]:.4f} ± {errors.loc[name, column]:.4f}" for column in means}
        for name, row in means.iterrows()
    ]
    noises = " ".join(f"{noise:g}" for noise in args.noises)
    seeds = f"--first {args.first} --genomes {args.genomes}"
    command = f"python -m benchmarks.predicted {seeds} --sets {args.sets} --noises {noises}".strip()
    publish("predicted", rows, args.json, command=command)


if __name__ == "__main__":
    main()
