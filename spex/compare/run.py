"""A comparison from data folders to tables: everything is checked first, then one map comes after the other.

Expensive results are kept under OUT/parts, by a hash of all that it follows from: the part that all maps share, and the
statistics of each map. A comparison that was stopped goes on from there, and ends with the same bytes.
"""

import hashlib
import json
import logging
from dataclasses import asdict

import numpy as np
import pandas as pd

from spex.compare.arms import DRAWS, MapStatistics, compare_map
from spex.compare.inputs import prepare
from spex.compare.kept import Kept
from spex.compare.loco import OwnPart
from spex.compare.statistics import draw_shifts
from spex.compare.tables import Comparison, make_tables
from spex.compare.verdict import NO_VERDICT, SHOWN_ONLY
from spex.compare.whitening import REACH, SHARED, Whitening
from spex.files.sealed import DamagedFileError
from spex.progress import peak_memory, progress
from spex.runs.records import versions
from spex.runs.tensors import read_features

FORMAT = 3
"""Version of the numbers: a change that alters any raises it, and what is kept is then computed again."""

logger = logging.getLogger("spex")


def compare_folders(inputs, protocol, out=None):
    """Compare maps. Arguments and errors as of `prepare`. Returns: Comparison."""
    return compare_prepared(prepare(inputs, protocol, out))


def compare_prepared(ready):
    """Compare maps. ready: Prepared. Returns: Comparison."""
    before = peak_memory()
    statistics, settings = fit_maps(ready)
    comparison = _tables(statistics, ready, settings)
    ready.watch.check()
    if (most := peak_memory()) > before:  # else it was something before in this process
        logger.info("memory: %.1f GB at most", most / 1e9)
    return ready.marks.mark(comparison)


def fit_maps(ready):
    """Statistics of every map of a Prepared, in their order; and what goes into the settings."""
    work = _Work(ready)
    return work.run(), work.settings()


def shared_identity(ready):
    """All that the part follows from that the maps share: dict of JSON values."""
    return {
        "format": FORMAT,
        "base": ready.base.settings.recorded(),
        "genes_sha256": hashlib.sha256("\n".join(ready.genes.table["id"]).encode()).hexdigest(),
        "expression_sha256": hashlib.sha256(np.ascontiguousarray(ready.observed)).hexdigest(),
        "targets": [list(target) for target in ready.inputs.targets],
        "whitening": {"shared": SHARED, "reach": REACH},
    }


class _Work:
    """The expensive part of a comparison, and where it is kept."""

    def __init__(self, ready):
        self.ready, self.kept = ready, Kept(ready.parts)
        self.shifts = draw_shifts(len(ready.genes.table), ready.protocol.rotations, ready.protocol.seed)
        self.identity = shared_identity(ready)
        self.facts = {}

    def run(self):
        """Statistics of every map, in their order."""
        found = {maker.name: self._load(maker) for maker in self.ready.makers}
        missing = [maker for maker in self.ready.makers if found[maker.name] is None]
        for maker in self.ready.makers:
            if maker not in missing:
                logger.info("%s: finished before", maker.name)
        own = self._own_parts() if missing else None
        for maker in missing:
            found[maker.name] = self._load(maker) or self._compare(*own, maker)
        return [found[maker.name] for maker in self.ready.makers]

    def _own_parts(self):
        """What all maps share: own features of the genes as they are, and whitened at the same penalty."""
        own = self._own("own")
        whitening = Whitening(self.ready.chroms, self.ready.genes.table["tss"].to_numpy())
        return own, self._own("white", [own.penalty], whitening)

    def _own(self, kind, penalties=None, whitening=None):
        """One of them: read where it is kept, made and kept otherwise."""
        chroms, observed = self.ready.chroms, self.ready.observed
        path = None if self.kept.folder is None else self.kept.path(kind, self.identity, ".tri")
        if path is not None:
            try:
                return OwnPart.load(path, chroms, observed, whitening)
            except FileNotFoundError:
                pass
            except DamagedFileError as error:
                logger.warning("%s; it is computed again", error)
        base = self.ready.base
        features, _ = read_features(base.folder, self.ready.genes.table["id"], base.settings.width)
        part = OwnPart.of(features, chroms, observed, penalties, whitening)
        if path is not None:
            part.save(path)
            for other in self.kept.folder.glob(f"{kind}_*.tri"):  # gigabytes that are no longer used
                if other != path:
                    other.unlink(missing_ok=True)
        return part

    def _map_identity(self, maker):
        chosen = {
            name: getattr(self.ready.protocol, name) for name in ("seed", "rotations", "whole_chromosome_fallback")
        }
        local = {"local_sum": self.ready.local.there}
        return {**self.identity, **chosen, **local, "map": maker.identity()}

    def _load(self, maker):
        """Statistics of a map that was finished before, by this process or another; None without."""
        arrays = self.kept.load("map", self._map_identity(maker))
        if arrays is None:
            return None
        self.facts[maker.name] = json.loads(str(arrays["facts"]))
        return MapStatistics.from_arrays(arrays)

    def _compare(self, own, tested, maker):
        """Statistics of one map, made and kept."""
        arms, facts = maker.arms(self.ready.genes, self.ready.local)
        with progress(arms.passes, "arms", maker.name) as advance:
            found = compare_map(own, tested, arms, shifts=self.shifts, advance=advance)
        self.facts[maker.name] = facts | {"own_penalties": own.tried.tolist()}
        self.ready.watch.check()
        arrays = {"facts": np.array(json.dumps(self.facts[maker.name])), **found.to_arrays()}
        self.kept.save("map", self._map_identity(maker), arrays)
        logger.info("%s: done", maker.name)
        return found

    def settings(self):
        """What goes into comparison.json."""
        ready = self.ready
        return {
            **self.identity,
            **asdict(ready.protocol),
            "folder": str(ready.inputs.base),
            "genes": {"compared": len(ready.genes.table), "left_out": ready.genes.left_out},
            "draws": len(DRAWS),
            "shifts": self.shifts.tolist(),
            "maps": {maker.name: self.facts[maker.name] for maker in ready.makers},
            "versions": {"spex": ready.inputs.version, **versions()},
        }


def _tables(statistics, ready, settings):
    """The tables; maps by the published rule stand after the others, and in no test."""
    both = list(zip(statistics, (maker.map_folder for maker in ready.makers), strict=True))
    decided = [each for each, folder in both if not folder.shown_only]
    shown = [each for each, folder in both if folder.shown_only]
    chosen = {"correction": ready.protocol.correction, "least_gain": ready.protocol.least_gain, "settings": settings}
    tables = [make_tables(each, ready.inputs.targets, **chosen) for each in (decided, shown) if each]
    if shown:
        for table in (tables[-1].results, tables[-1].maps):
            table["verdict"], table["strength"], table["words"] = NO_VERDICT, "", SHOWN_ONLY
    parts = {
        name: pd.concat([getattr(each, name) for each in tables], ignore_index=True)
        for name in ("results", "maps", "groups")
    }
    return Comparison(**parts, pairs=tables[0].pairs if decided else tables[0].pairs[:0], settings=settings)
