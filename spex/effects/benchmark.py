"""Effects of elements on the genes of tested pairs, added up while the table of elements passes by, and scored."""

import numpy as np

from spex.errors import InputError
from spex.inputs.crispr import tie_pairs
from spex.models.benchmark import RESAMPLES, distances, overlapping_effects, score_known

KEY = "TargetGeneEnsemblID"


class ElementBenchmark:
    """Tested pairs of the genes of a data folder, and what each model makes of them.

    pairs: from `read_crispr_pairs`. genes: DataFrame (n) with id, symbol, chrom, tss.

    rows: (m,) int64 of the genes that the pairs are of, rising. account: Account of the pairs.

    Raises:
        InputError: none of the pairs' genes is among them.
    """

    def __init__(self, pairs, genes):
        known, self.account = tie_pairs(pairs, genes)
        if known.empty:
            reasons = ", ".join(f"{rows:,} {reason}" for reason, rows in self.account.left_out.items())
            raise InputError(
                f"none of its {pairs['gene'].nunique():,} genes is among the {len(genes):,} of the folder; left out: "
                f"{reasons}",
                argument="benchmark",
                subject=self.account.path,
                expected="symbols or Ensembl ids, and chromosomes, as in its cached_genes.tsv",
            )
        tss, ids = genes["tss"].to_numpy()[known["row"]], genes["id"].to_numpy()[known["row"]]
        self._known = known.assign(gene=ids, distance=distances(known, tss))
        self._effects = {}

    @property
    def rows(self):
        return np.unique(self._known["row"].to_numpy())

    def keep(self, rows):
        """Leave out pairs of other genes than those at some rows, whose elements do not pass by."""
        asked = self._known["row"].isin(rows)
        self.account.leave_out("of genes that were not asked for", (~asked).sum())
        self._known = self._known[asked].reset_index(drop=True)
        self.account.used = len(self._known)

    def passing(self, tables):
        """Tables of elements as they come, the effects of the pairs' genes added up. tables: of all models' elements,
        those of a gene in one table."""
        for table in tables:
            for model, elements in table.groupby("model", sort=False):
                before = self._effects.get(model, 0)
                self._effects[model] = before + overlapping_effects(self._known, elements, KEY)
            yield table

    def scores(self, model, resamples=RESAMPLES, seed=0):
        """As `models.benchmark.score_pairs`, of the tables that passed by."""
        effects = self._effects.get(model, np.zeros(len(self._known)))
        return score_known(self._known.assign(effect=effects), resamples, seed)
