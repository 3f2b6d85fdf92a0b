"""How often a comparison between cells is right: what is said of synthetic cells, of which the truth is known.

    python -m benchmarks.cells [--world made|dense] [--genomes 45] [--open] [--out cells.md]

Each synthetic genome of `benchmarks.power` gets sets of maps of four cells, which are kept from Poisson counts by the
corrected rule, and for each of these sets expression of known differences between the cells. They are compared by the
code that `spex compare --between` runs. Rates of a cell itself are between bins and genes, beside those of pairs, which
all cells share. Errors of the shares are between genomes. Finished genomes are kept in a table beside the output, by
which the next start goes on; a table of other code must be deleted by hand.
"""

import argparse
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import dense_genome, made_genome
from benchmarks.made_genome import GENES, KEPT, contacts_of, rows_of, scale_of, standardised
from benchmarks.measure import machine
from benchmarks.power import LEAST_SHIFT, OWN_PENALTY, ROTATIONS, markdown, share_cell
from spex.compare.arms import DRAWS, MapArms, compare_map
from spex.compare.between_tables import less_others, make_cell_tables
from spex.compare.loco import OwnPart
from spex.compare.statistics import draw_shifts
from spex.compare.verdict import FOUND, NUMBER, REGION, SEQUENCE_AND_NUMBER, STRENGTHS
from spex.compare.whitening import Whitening
from spex.contacts.controls import draw_matched, number_columns
from spex.contacts.sums import sum_by_side
from spex.files.atomic import whole_file, write_text

CELLS = 4
PAIRS_SPREAD = 3.0
"""Standard deviation of the logarithm of a pair's rate, the same in all cells: so much that two cells have most
contacts in common."""

CHANGED, CHANGE, ACTIVITY = 1 / 3, 1.0, 0.2
"""Share of the bins whose rate is a cell's own, and standard deviations of the logarithm: of theirs, and of genes'."""

OWN_SHARE = 0.25
"""Of the variance of the difference, what the gene's own sequence explains."""

DEEPER, DEEP_GENOMES = 4, 12
"""Times as many counts as the other maps have, where depth alone differs; genomes in which such maps are compared as
they are, which the program does not."""

SHARED, OWN = "shared", "own"
"""Weights of an effect: the same in all cells, whose contacts differ, or of each cell."""

EXCHANGED = {
    "": (0, 1, 2, 3),
    "all exchanged: ": (1, 2, 3, 0),
    "exchanged in pairs: ": (1, 0, 3, 2),
    "two exchanged: ": (1, 0, 2, 3),
}
"""Names of exchanges of the maps among the cells."""

REGIONS = {"made": ("region",), "dense": ("tad", "near")}
"""Parts of the two genomes that lie near a gene, touched or not."""

OPEN_BP = 500_000


@dataclass(frozen=True, eq=False)
class Maps:
    """Maps of some cells. contacts: list of Contacts. open: (cells, bins), logarithm of how much more bins have in the
    cell. activity: (cells, n), its mean over a gene's bins, weighted by rate."""

    contacts: list
    activity: np.ndarray
    open: np.ndarray


class Cells:
    """A synthetic genome with its sets of maps."""

    def __init__(self, seed, world, chromosomes=GENES):
        make = {"made": made_genome, "dense": dense_genome}[world].make_genome
        self.seed, self.world, self.genome = seed, world, make([seed, 0], chromosomes)
        self.random, self.drawn = np.random.default_rng([seed, 7]), {}
        contacts = self.genome.contacts
        self.genes = pd.DataFrame({"chrom": contacts.chroms, "tss": contacts.tss, "strand": contacts.strands})
        self.own = standardised(self.genome.own.astype(float))
        self.basis = np.linalg.qr(np.column_stack([np.ones(len(self.own)), self.own]))[0]
        self.gene, self.bins, rates = self.genome.pairs
        rates = rates * np.exp(PAIRS_SPREAD * self.random.normal(size=len(rates)))
        self.maps = self._maps(rates)

    def _maps(self, rates):
        """Sets of maps by what is different about them."""
        scale = scale_of(rates, KEPT * len(self.genes))
        specific, activity, opened = self._specific(rates)
        cells = [self._kept(self.random.poisson(each * scale)) for each in specific]
        equal = [self._kept(self.random.poisson(rates * scale)) for _ in range(CELLS)]
        deep = self.random.poisson(rates * scale * DEEPER)
        thinned = self._kept(self.random.binomial(deep, 1 / DEEPER))
        nothing = np.zeros_like(activity), np.zeros_like(opened)
        return {
            "cells": Maps(cells, activity, opened),
            "equal": Maps(equal, *nothing),
            "depth": Maps([self._kept(deep), *equal[1:]], *nothing),
            "thinned": Maps([thinned, *equal[1:]], *nothing),
            "two": Maps(cells[:2], activity[:2], opened[:2]),
        }

    def _kept(self, counts):
        return contacts_of(self.genes, self.gene, self.bins, counts)

    def _specific(self, rates):
        """Rates of each cell, of the same sum; what a gene's bins have more; and what each bin has more."""
        rows = rows_of(self.genome.starts, self.genome.contacts.chroms[self.gene], self.bins)
        count, bins = len(self.genes), len(self.genome.bins)
        found, activity, opened = [], [], []
        by_gene = partial(np.bincount, self.gene, minlength=count)
        for _ in range(CELLS):
            more = CHANGE * self.random.normal(size=bins) * (self.random.random(bins) < CHANGED)
            active = standardised(self.own @ self.random.normal(size=self.own.shape[1]))
            active = ACTIVITY * (active + self.random.normal(size=count)) / np.sqrt(2)
            of_cell = rates * np.exp(more[rows] + active[self.gene])
            found.append(of_cell * rates.sum() / of_cell.sum())
            activity.append(by_gene(rates * more[rows]) / np.maximum(by_gene(rates), 1e-12))
            opened.append(more)
        return found, np.array(activity), np.array(opened)

    def effects(self, name):
        """What differs between cells of a set of maps: effect -> share of the variance, and parts (cells, n, any) or
        (n, any) with their weights."""
        maps, common = self.maps[name], (self.genome.parts["touched"], OWN)
        touched = np.array([self._touched(each) for each in maps.contacts]), SHARED
        counts = [np.bincount(each.gene, each.counts, minlength=len(self.genes)) for each in maps.contacts]
        number = np.log1p(counts)[:, :, None], SHARED
        if name not in ("cells", "two"):
            self._level(
                *common, CELLS
            )  # an effect that was taken out; its weights are drawn to keep those of the others
            return {"nothing": (0, None), "shared contacts 5 %": (0.05, common), "number 5 %": (0.05, number)}
        return {
            "nothing": (0, None),
            "shared contacts 2 %": (0.02, common),
            "contacts 1 %": (0.01, touched),
            "contacts 2 %": (0.02, touched),
            "contacts, own weights 2 %": (0.02, (touched[0], OWN)),
            "number 2 %": (0.02, number),
            "number 5 %": (0.05, number),
            "activity 5 %": (0.05, (maps.activity[:, :, None], SHARED)),
            **{f"{part} 5 %": (0.05, (self.genome.parts[part], OWN)) for part in REGIONS[self.world]},
        }

    def open_effects(self):
        """Sequence of all bins within `OPEN_BP`, touched or not, as far as the cell has them open."""
        maps, genome = self.maps["cells"], self.genome
        starts = [*genome.starts.values(), len(genome.bins)]
        lengths = dict(zip(genome.starts, np.diff(starts).tolist(), strict=True))
        where = genome.starts, lengths, genome.contacts.chroms, genome.contacts.tss, OPEN_BP
        parts = [
            made_genome.mean_around((genome.bins - genome.bins.mean(axis=0)) * np.exp(more)[:, None], *where)
            for more in maps.open
        ]
        return {
            f"open region {share:.0%}".replace("%", " %"): (share, (np.array(parts), SHARED)) for share in (0.02, 0.05)
        }

    def _touched(self, contacts):
        rows = rows_of(self.genome.starts, contacts.chroms[contacts.gene], contacts.bins)
        return sum_by_side(contacts.gene, rows, self.genome.bins - self.genome.bins.mean(axis=0), len(self.genes))

    def expression(self, effects, cells):
        """Differences of the cells' expression from the mean of the other cells, by effect: list of (cells, n).

        Of nothing there are two sets, of each kind of noise that `dense_genome` has in turn.
        """
        levels = {name: share and self._level(*part, cells) for name, (share, part) in effects.items()}
        made, noises = [], dense_genome.NOISES
        for place, (name, (share, _)) in enumerate(effects.items()):
            for number in range(1 if share else 2):
                noise = noises[(self.seed + place + number) % len(noises)]
                made.append((name, self._difference(noise, share, levels[name], cells)))
        return made

    def _level(self, part, weights, cells):
        """What a part adds to expression, (cells, n, 1), each of its columns of variance 1 over all cells."""
        part = np.broadcast_to(part, (cells, *part.shape[-2:]))
        scale = part.std(axis=(0, 1))
        part = (part - part.mean(axis=(0, 1))) / np.where(scale > 0, scale, 1)
        count = part.shape[-1]
        if weights == OWN:
            return part @ self.random.normal(size=(cells, count, 1))
        return part @ (self.random.normal(size=(1, count, 1)) if count > 1 else np.ones((1, 1, 1)))

    def _difference(self, noise, share, level, cells):
        base = np.empty((cells, len(self.genes)))
        for cell in range(cells):
            own = np.sqrt(OWN_SHARE) * standardised(self.own @ self.random.normal(size=(self.own.shape[1], 1)))
            own += dense_genome.noise_of(self.random, self.genome.contacts, noise, 1 - OWN_SHARE, 1)
            base[cell] = own[:, 0]
        base = differences(base)
        if not share:
            return base
        effect = differences(level[:, :, 0])
        effect = effect - (effect @ self.basis) @ self.basis.T  # beyond what own features explain
        return np.sqrt(1 - share) * base + np.sqrt(share * cells / (cells - 1)) * effect / np.sqrt((effect**2).mean())

    def arms(self, contacts):
        """MapArms of the cells' differences."""
        numbers = differences([number_columns(each) for each in contacts])
        sums = differences([self.genome.sums(each) for each in contacts]).astype(np.float32)
        draws = [
            differences([self._matched(each, draw) for each in contacts]).astype(np.float32)
            for draw in range(len(DRAWS))
        ]
        return [
            MapArms(f"cell {cell + 1}", numbers[cell], sums[cell], lambda draw, cell=cell: draws[draw][cell])
            for cell in range(len(contacts))
        ]

    def _matched(self, contacts, draw):
        """Sums over a draw of matched bins; sets of maps have some in common."""
        key = id(contacts), draw
        if key not in self.drawn:
            self.drawn[key] = self.genome.sums(draw_matched(contacts, self.seed, draw)[0])
        return self.drawn[key]


def differences(several):
    """Each of some arrays less the mean of the others."""
    return np.stack([less_others(several, place) for place in range(len(several))])


def run_genome(seed, world="made", *, opened=False, chromosomes=GENES):
    """Everything that is counted of one genome: DataFrame, one row a set of cells, and one a cell of it.

    opened: only the effects of open regions.
    """
    cells = Cells(seed, world, chromosomes)
    contacts, rows = cells.genome.contacts, []
    whitening = Whitening(contacts.chroms, contacts.tss)
    shifts = draw_shifts(len(cells.genes), ROTATIONS, [seed, 2], least=LEAST_SHIFT)
    for name in ("cells",) if opened else cells.maps:
        if name == "depth" and seed > DEEP_GENOMES:
            continue
        several = cells.maps[name].contacts
        count = len(several)
        made = cells.expression(cells.open_effects() if opened else cells.effects(name), count)
        observed = np.concatenate([values for _, values in made]).T
        own = OwnPart.of(
            cells.genome.own.copy(), contacts.chroms, observed, penalties=[OWN_PENALTY * cells.own.shape[1]]
        )
        white = OwnPart.of(cells.genome.own.copy(), contacts.chroms, observed, [own.penalty], whitening)
        found = [compare_map(own, white, arms, shifts=shifts) for arms in cells.arms(several)]
        for place, (effect, values) in enumerate(made):
            columns = slice(place * count, (place + 1) * count)
            alone = [_of_tissues(each, columns) for each in found]
            exchanged = EXCHANGED if name == "cells" and effect == "contacts 2 %" else {"": range(count)}
            for what, order in exchanged.items():
                mine = [replace(alone[given], name=f"cell {cell + 1}") for cell, given in enumerate(order)]
                table = make_cell_tables(mine, [(cell, "") for cell in range(count)], values.T).cells
                right = [given == cell for cell, given in enumerate(order)]
                rows.append(table.assign(genome=seed, maps=name, truth=what + effect, right=[*right, all(right)]))
    return pd.concat(rows, ignore_index=True).drop(columns=["target", "words"])


def _of_tissues(statistics, columns):
    """MapStatistics of some tissues."""
    names = ("rho", "gain_map", "gain_matched", "missed", "number_penalty", "map_penalty")
    return replace(statistics, **{name: getattr(statistics, name)[..., columns] for name in names})


WORDS = {
    "cells": "four cells",
    "equal": "equal maps",
    "depth": f"equal maps, one {DEEPER} times as deep, not downsampled",
    "thinned": f"equal maps, one {DEEPER} times as deep, downsampled",
    "two": "two cells",
}


def tabulate(sets):
    """The table, as Markdown. sets: DataFrame of `run_genome`, of any number of genomes."""
    whole = sets["map"] == "all cells"
    rows = []
    for (maps, truth), mine in sets.groupby(["maps", "truth"], sort=False):
        together, each = mine[whole[mine.index]], mine[~whole[mine.index]]
        row = {"maps": WORDS[maps], "what differs": truth, "genomes": mine["genome"].nunique(), "sets": len(together)}
        row |= _rates(together, "all: ")
        groups = {"a cell: ": each}
        if each["right"].nunique() > 1:
            groups = {"a cell: ": each[~each["right"]]}
        for head, group in groups.items():
            row |= {f"{head}{name}": value for name, value in _rates(group, "").items() if name != "other bins too"}
        rows.append(row)
    head = (
        "% of sets of cells (all) and of cells (a cell) ± standard error between genomes, by verdict: evidence of "
        "cell-specific sequence information, strong evidence of it, something without it, number. Where two maps of "
        "four are exchanged, cells are those two."
    )
    return f"{head}\n\n{markdown(rows)}\n"


def _rates(group, head):
    found = {
        "sequence": group["verdict"].isin(FOUND["sequence"]),
        "strong": group["strength"] == STRENGTHS[0].name,
        "other bins too": group["verdict"] == REGION,
        "number": group["verdict"].isin((SEQUENCE_AND_NUMBER, NUMBER)),
    }
    return {f"{head}{name}": share_cell(group, each) for name, each in found.items()}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", choices=REGIONS, default="made")
    parser.add_argument("--genomes", type=int, default=45)
    parser.add_argument("--open", action="store_true", help="only the effects of regions that are open in the cell")
    parser.add_argument("--out", type=Path, default=Path("cells.md"))
    args = parser.parse_args(argv)
    start, kept = time.monotonic(), args.out.with_suffix(".csv")
    done = pd.read_csv(kept, keep_default_na=False, na_values=[""]) if kept.exists() else None
    for seed in range(1, args.genomes + 1):
        if done is None or seed not in set(done["genome"]):
            rows = run_genome(seed, args.world, opened=args.open)
            done = rows if done is None else pd.concat([done, rows], ignore_index=True)
            with whole_file(kept) as file:
                done.to_csv(file, index=False)
            print(f"{done['genome'].nunique()} of {args.genomes} genomes, {time.monotonic() - start:.0f} s", flush=True)
    facts = ", ".join(f"{name}: {value}" for name, value in machine().items())
    write_text(args.out, f"{tabulate(done)}\n{time.monotonic() - start:.0f} s; {facts}\n")
    print(args.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
