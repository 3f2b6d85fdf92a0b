"""How an effect ranks among those of null variants: random SNVs at places of the same kind.

Kinds of places, or strata, are the path by which an allele reaches a gene and the class of its distance to the TSS.
"""

import hashlib
import io
import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from spex.files.atomic import whole_file
from spex.files.hashes import file_sha256
from spex.files.sealed import DamagedFileError, load_sealed_json, save_sealed_json

OWN, CONTACT, BOTH = PATHS = ("own", "contact", "both")
EDGES = {OWN: (1_000, 5_000), CONTACT: (100_000, 500_000), BOTH: ()}
"""Distances to the TSS in bp at which the classes of a path end; the last one has no end."""

TABLE, RECORD = "null_variants.tsv", "null_variants.json"
LEAST_NULLS = 20
"""Fewer of a stratum tell no rank."""


def path_of(through_own, through_contacts):
    """Name of the path by which an allele reaches a gene; None where it does not."""
    if through_own:
        return BOTH if through_contacts else OWN
    return CONTACT if through_contacts else None


def stratum(path, distance):
    """Name of the stratum of an allele and a gene. path: in `PATHS`. distance: bp from the TSS, either sign."""
    edges = (0, *EDGES[path])
    if len(edges) == 1:
        return path
    place = bisect_right(edges, abs(distance))
    least = edges[place - 1] // 1000
    return f"{path}, {least}-{edges[place] // 1000} kb" if place < len(edges) else f"{path}, from {least} kb"


STRATA = {
    stratum(path, least): (path, least, most) for path in PATHS for least, most in pairwise((0, *EDGES[path], math.inf))
}
"""Name -> path, and the class's least distance and the one where the next class begins, in bp."""


@dataclass(frozen=True, eq=False)
class NullEffects:
    """Effects of null variants on one model's predictions. by_stratum: name -> float64, rising."""

    by_stratum: dict[str, np.ndarray]

    def quantiles(self, strata, effects):
        """Signed ranks from -1, below all nulls of the stratum, to 1. strata, effects: (n,). Returns: (n,) float64.

        Of n nulls of which b are below the effect and e equal to it: 2 (b + (e + 1) / 2) / (n + 1) - 1. NaN where a
        stratum has too few.
        """
        quantiles = np.full(len(effects), np.nan)
        for name, nulls in self.by_stratum.items():
            mine = strata == name
            if len(nulls) >= LEAST_NULLS and mine.any():
                below = np.searchsorted(nulls, effects[mine], side="left")
                equal = np.searchsorted(nulls, effects[mine], side="right") - below
                quantiles[mine] = 2 * (below + (equal + 1) / 2) / (len(nulls) + 1) - 1
        return quantiles


def save_nulls(place, table, identity):
    """Keep null variants beside a saved model.

    place: folder of the fit. table: DataFrame with stratum, effect and what tells of each variant. identity: dict of
    JSON values that they depend on.
    """
    with whole_file(place / TABLE) as file:
        table.to_csv(file, sep="\t", index=False, lineterminator="\n", float_format="%.9g")
    save_sealed_json(place / RECORD, {"identity": identity, "sha256": file_sha256(place / TABLE)})


def load_nulls(place, identity):
    """NullEffects that `save_nulls` kept; None where there are none, or those of another model or map.

    Raises:
        DamagedFileError: they are damaged, or a part of them is gone.
    """
    try:
        made = load_sealed_json(place / RECORD)
    except FileNotFoundError:
        return None
    if {name: made["identity"].get(name) for name in identity} != identity:
        return None
    path = place / TABLE
    if not path.is_file() or hashlib.sha256(content := path.read_bytes()).hexdigest() != made["sha256"]:
        raise DamagedFileError(f"{path}: missing or changed since it was written")
    table = pd.read_csv(io.BytesIO(content), sep="\t", usecols=["stratum", "effect"])
    return NullEffects({name: np.sort(group.to_numpy()) for name, group in table.groupby("stratum")["effect"]})
