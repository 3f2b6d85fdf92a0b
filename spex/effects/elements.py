"""Effects of elements: what each contacted bin, and each stretch of a gene's local windows, adds to a prediction.

The effect of an element is f(tensor) - f(tensor without it), in ln(expression). For a linear model these are exact
contributions and add up to the prediction; for trees they are knock-outs, one element at a time.
"""

import numpy as np
import pandas as pd

from expecto.gene_features import OWN_SUMS, SHIFTS, own_windows, transform_weights
from spex.effects.changes import REF_MISMATCH, Agreement
from spex.effects.inputs import LinearModels, by_fit
from spex.effects.uncertainty import uncertainty_of
from spex.errors import InputError
from spex.files.streamed_tables import Place
from spex.inputs.alleles import PAST_THE_END, Allele, allele_status
from spex.inputs.crispr import tie_pairs, without
from spex.inputs.normalise import names_in
from spex.models.benchmark import LOCUS, distances, overlapping_sums
from spex.models.registry import MODELS
from spex.runs.tensors import read_features

COLUMNS = {
    "chr": "string",
    "start": "int64",
    "end": "int64",
    "name": "string",
    "class": "string",
    "TargetGene": "string",
    "TargetGeneEnsemblID": "string",
    "TargetGeneTSS": "int64",
    "CellType": "string",
    "Score": "float64",
    "DistanceToTSS": "int64",
    "count": "float64",
    "side": "string",
    "effect_sd": "float64",
    "sign_agrees": "float64",
    "tissue": "string",
    "model": "string",
}
"""Columns of an elements table, a row an element, gene and tissue -> their types, as `write_tables` takes them.

start, end: 0-based half-open. TargetGeneTSS: 1-based. Score: effect, signed, in ln(expression). DistanceToTSS: bp.
effect_sd, sign_agrees: of the Score, where these were asked for.
"""

PLACE = Place("chr", "start", "end", zero_based=True)

LARGE = 1_000_000
"""Rows; a table of elements with more is gzipped."""

STRETCH = 1000
"""Length in bp of the stretches that a gene's local windows are reported by: five windows each."""

WINDOWS_AT_ONCE = 4096
"""Windows of contacted bins whose predictions are kept in memory (8 KB each)."""

CONTACT, OWN = "contact", "own"
"""The classes of elements: contacted bins, and stretches of a gene's local windows."""


class ElementScorer:
    """Computes effects of elements.

    inputs: EffectInputs. computer: from it. own_windows: report the gene's
    local windows too, which the network has to see again. cell_type: for the table's column; the tissue without it.
    """

    def __init__(self, inputs, computer, *, own_windows=False, cell_type=None):
        self._inputs, self._computer = inputs, computer
        self._own_windows, self._cell_type = own_windows, cell_type
        self._index, self._layout = inputs.index(), inputs.settings.layout
        fits = inputs.fits
        self._linear = [number for number, each in enumerate(fits) if MODELS[each.model].linear]
        self._others = [number for number in range(len(fits)) if number not in self._linear]
        if self._linear:
            self._models = LinearModels([fits[number] for number in self._linear])
            of_contacts = self._models.coefficients[:, self._layout.own_width :]
            self._coefficients = of_contacts.reshape(len(self._linear), -1, self._layout.bins or 1)
        self._uncertainty = uncertainty_of(inputs, inputs.sources.devices[0])
        self._weights = transform_weights()

    def tables(self, rows, advance):
        """Elements of some genes, a table for each chromosome.

        rows: (m,) of the genes. advance: called with the number of genes that are done.

        Yields: DataFrame with `COLUMNS`: start, end in bp, 0-based half-open; TargetGeneTSS 1-based; Score in
        ln(expression); DistanceToTSS in bp, from the middle of the element, without sign; by gene, element, model.
        """
        chroms = self._inputs.genes["chrom"].to_numpy(str)[rows]
        for chrom in dict.fromkeys(chroms.tolist()):
            mine = rows[chroms == chrom]
            own = [self._own(gene) for gene in mine.tolist()] if self._own_windows else []
            elements = pd.concat([self._contacts(chrom, mine), *own])
            elements = elements.sort_values(["gene", "start", "class"], kind="stable").reset_index(drop=True)
            yield self._as_table(elements)
            advance(len(mine))

    def sums(self, contacts):
        """What each contact adds to its sum in the gene's tensor, float64 (m, features). contacts: (m,) numbers."""
        chroms = self._index.contacts.chroms[self._index.genes[contacts]]
        sums = np.empty((len(contacts), self._layout.bins))
        for chrom in np.unique(chroms):
            mine = np.flatnonzero(chroms == chrom)
            starts, where = np.unique(self._index.starts[contacts[mine]], return_inverse=True)
            rows = self._computer.windows(str(chrom), starts, keep=True).astype(np.float64)
            sums[mine] = rows[where.reshape(len(mine), -1)].sum(axis=1)
        return sums * self._index.weights[contacts, None]

    def strongest_features(self, gene, fit, bins, count, names=None):
        """The chromatin features that contribute most in a gene's strongest bins, through one model.

        gene: row. fit: number of the model. bins, count: how many bins, and features of each, at the most. names: of
        the features; their numbers from 1 without them.

        Returns: list of bin's name and list of (feature's name, contribution to ln(expression)), the strongest first;
        None for models that are not linear, and genes without contacts.
        """
        if self._index is None or fit not in self._linear:
            return None
        contacts = self._index.contacts
        numbers = np.arange(len(contacts.bins))[contacts.of_gene(gene)]
        if not len(numbers):
            return None
        coefficients = self._coefficients[self._linear.index(fit)][self._index.columns[numbers]]
        contributions = self.sums(numbers) * coefficients
        strongest = []
        for place in np.argsort(-np.abs(contributions.sum(axis=1)), kind="stable")[:bins]:
            best = np.argsort(-np.abs(contributions[place]), kind="stable")[:count]
            of_bin = [
                (names[k] if names else f"feature {k + 1}", float(contributions[place, k])) for k in best.tolist()
            ]
            strongest.append((*contacts.names([numbers[place]]), of_bin))
        return strongest

    def _contacts(self, chrom, rows):
        """Bins that genes of one chromosome contact: DataFrame as of `_elements`."""
        if self._index is None:
            return _elements([], [], [], CONTACT, [], [], _no_effects(0, self._inputs.fits))
        contacts = self._index.contacts
        numbers = np.flatnonzero(np.isin(contacts.gene, rows))
        effects = _no_effects(len(numbers), self._inputs.fits)
        order, tiles = np.argsort(contacts.bins[numbers], kind="stable"), self._index.starts.shape[1]
        for some in np.array_split(order, -(-len(order) * tiles // WINDOWS_AT_ONCE)) if len(order) else ():
            self._score(numbers[some], effects, some)
        start = contacts.start[numbers]
        end = np.minimum(start + contacts.resolution, self._computer.genome.chromsizes[chrom])
        counts, side = contacts.counts[numbers], contacts.side[numbers]
        return _elements(self._index.genes[numbers], start, end, CONTACT, counts, side, effects)

    def _score(self, numbers, effects, places):
        """Put the effects of some contacts of one chromosome into rows `places` of `effects`."""
        sums = self.sums(numbers)
        columns = self._index.columns[numbers]
        for column in np.unique(columns) if self._linear else ():
            mine = columns == column
            effects[np.ix_(places[mine], [0], self._linear)] = (sums[mine] @ self._coefficients[:, column].T)[:, None]
            if self._uncertainty is not None:
                first = self._layout.own_width + column * self._layout.bins
                at = slice(first, first + self._layout.bins)
                effects[places[mine], 1:] = self._uncertainty.of(sums[mine], effects[places[mine], 0], at)
        for gene in np.unique(self._index.genes[numbers]) if self._others else ():
            mine = np.flatnonzero(self._index.genes[numbers] == gene)
            parts = np.zeros((len(mine), 2 * self._layout.groups, self._layout.bins))
            parts[np.arange(len(mine)), columns[mine]] = sums[mine]
            own = np.zeros((len(mine), self._layout.own_width))
            self._knock_out(gene, np.hstack([own, parts.reshape(len(mine), -1)]), effects, places[mine])

    def _own(self, gene):
        """Elements of a gene's local windows, in stretches of 1 kb; as `_contacts`."""
        row = self._inputs.genes.iloc[gene]
        first, _, within = own_windows(row["tss"], row["strand"], self._inputs.settings.window)
        order = np.argsort(within)
        predictions = np.empty((len(SHIFTS), self._layout.own))
        predictions[order] = self._computer.windows(row["chrom"], first + within[order], keep=False)
        along = 1 if row["strand"] == "+" else -1
        size = self._computer.genome.chromsizes[row["chrom"]]
        ends = np.sort([along * (0 - row["tss"]), along * (size - row["tss"])])
        # what lies past an end of the chromosome is reported with the last stretch that does not
        least, most = ends[0] // STRETCH, (ends[1] - 1) // STRETCH
        stretches = np.clip(SHIFTS // STRETCH, least, most)
        numbers = np.unique(stretches)
        parts = np.zeros((len(numbers), *self._grid))
        for place, number in enumerate(numbers):
            mine = stretches == number
            parts[place, :OWN_SUMS] = self._weights[:, mine] @ predictions[mine]
            if self._inputs.contacts is not None and self._inputs.contacts.stand_ins[gene]:
                parts[place, OWN_SUMS:] = predictions[mine].sum(axis=0)
        effects, parts = _no_effects(len(numbers), self._inputs.fits), parts.reshape(len(parts), -1)
        if self._linear:
            effects[:, 0, self._linear] = parts @ self._models.coefficients.T
        if self._uncertainty is not None:
            effects[:, 1:] = self._uncertainty.of(parts, effects[:, 0])
        if self._others:
            self._knock_out(gene, parts, effects, np.arange(len(numbers)))
        start = row["tss"] + along * (numbers if along > 0 else numbers + 1) * STRETCH
        start, end = np.maximum(start, 0), np.minimum(start + STRETCH, size)
        side = np.where(numbers >= 0, "downstream", "upstream")
        return _elements(np.full(len(numbers), gene), start, end, OWN, np.full(len(numbers), np.nan), side, effects)

    @property
    def _grid(self):
        """Positions and features of a tensor of a network's predictions."""
        return len(self._layout.own_positions) + 2 * self._layout.groups, self._layout.own

    def _knock_out(self, gene, parts, effects, places):
        """Put the loss of non-linear models without each of some parts of a gene's tensor into `effects`. parts: one a
        row, of any shape."""
        gene_id = self._inputs.genes["id"].iloc[gene]
        tensor, _ = read_features(self._inputs.folder, [gene_id], self._inputs.settings.width)
        without = (tensor - parts.reshape(len(parts), -1)).astype(np.float32)
        for number in self._others:
            fit = self._inputs.fits[number].fit
            effects[places, 0, number] = fit.predict(tensor)[0] - fit.predict(without)

    def _as_table(self, elements):
        """Elements x models as rows of the table."""
        genes, fits = self._inputs.genes.iloc[elements["gene"]], self._inputs.fits
        chrom, start, end = genes["chrom"].to_numpy(str), elements["start"].to_numpy(), elements["end"].to_numpy()
        tss, count = genes["tss"].to_numpy(), len(fits)
        columns = {
            "chr": chrom,
            "start": start,
            "end": end,
            "name": [f"{c}:{a}-{b}" for c, a, b in zip(chrom, start, end, strict=True)],
            "class": elements["class"].to_numpy(),
            "TargetGene": genes["symbol"].to_numpy(),
            "TargetGeneEnsemblID": genes["id"].to_numpy(),
            "TargetGeneTSS": tss,
            "DistanceToTSS": np.abs((start + end) // 2 - (tss - 1)),
            "count": elements["count"].to_numpy(np.float64),
            "side": elements["side"].to_numpy(),
        }
        table = by_fit(pd.DataFrame(columns), fits)
        effects = np.array([*elements["effects"]]).reshape(len(elements), 3, count)
        for place, column in enumerate(("Score", "effect_sd", "sign_agrees")):
            table[column] = effects[:, place].ravel()
        table["CellType"] = table["tissue"] if self._cell_type is None else self._cell_type
        return table[list(COLUMNS)]


def _elements(genes, start, end, kind, counts, side, effects):
    """DataFrame with gene, start, end, class, count, side, and a column `effects` of float64 (3, fits)."""
    columns = {"gene": genes, "start": start, "end": end, "class": kind, "count": counts, "side": side}
    return pd.DataFrame(columns).assign(effects=list(effects))


def _no_effects(count, fits):
    """Float64 (count, 3, fits): effects of 0, and nothing known of their standard deviation and of their sign."""
    effects = np.full((count, 3, len(fits)), np.nan)
    effects[:, 0] = 0
    return effects


def on_genome(pairs, genome, path):
    """The pairs of credible sets whose REF the genome has; others are left out in their account, and logged.

    pairs: from `read_credible_sets`. genome: Genome. path: of the table, for errors.

    Raises:
        InputError: so many have another REF that they are of another genome.
    """
    agreement, names, statuses = Agreement(genome), names_in(genome.chromsizes, pairs["chrom"].unique()), []
    for number, pair in enumerate(pairs.itertuples()):
        on, pos = names.get(pair.chrom), pair.start + 1
        status = allele_status(pair.ref, pair.alt, pos, genome.chromsizes.get(on))
        statuses.append(agreement.status(Allele(number, ".", pair.chrom, pos, pair.ref, pair.alt, on, status)))
    agreement.report({"argument": "credible_sets", "subject": path})
    return without(pairs, np.isin(statuses, [REF_MISMATCH, PAST_THE_END]), "whose REF the genome has not")


class ElementBenchmark:
    """Tested pairs of the genes of a data folder, and their scores by each model, collected while their elements are
    computed.

    pairs: from `read_crispr_pairs`. genes: DataFrame (n) with id, symbol, chrom, tss. resample_by: what is
    resampled as one, pairs of one "gene", or of the genes whose TSS are in the same 2 Mb ("locus"). argument: name
    of the one that gave the pairs. account: Account of them.
    """

    def __init__(self, pairs, genes, resample_by="locus", argument="benchmark"):
        known, self.account = tie_pairs(pairs, genes)
        if known.empty:
            reasons = ", ".join(f"{rows:,} {reason}" for reason, rows in self.account.left_out.items())
            raise InputError(
                f"none of its {pairs['gene'].nunique():,} genes is among the {len(genes):,} of the folder; left out: "
                f"{reasons}",
                argument=argument,
                subject=self.account.path,
                expected="symbols or Ensembl ids, and chromosomes, as in its cached_genes.tsv",
            )
        tss, ids = genes["tss"].to_numpy()[known["row"]], genes["id"].to_numpy()[known["row"]]
        block = known["row"] if resample_by == "gene" else known["chrom"] + ":" + pd.Series(tss // LOCUS).astype(str)
        known = known.assign(gene=ids, distance=distances(known, tss), block=block)
        places = {chrom: mine.to_numpy() for chrom, mine in genes.groupby("chrom")["tss"]}
        nearest = [distances(pair, places[pair["chrom"]]).min() for pair in known.to_dict("records")]
        self._known = known.assign(nearest_tss=known["distance"] == nearest)
        self._sums = {}

    @property
    def rows(self):
        """Rows of the genes that the pairs are of, rising, (m,) int64."""
        return np.unique(self._known["row"].to_numpy())

    def keep(self, rows):
        """Leave out pairs of other genes than those at some rows, whose elements are not computed."""
        asked = self._known["row"].isin(rows)
        self.account.leave_out("of genes that were not asked for", (~asked).sum())
        self._known = self._known[asked].reset_index(drop=True)
        self.account.used = len(self._known)

    def passing(self, tables):
        """Tables of elements as they come, those of a gene in one table; effects of the pairs' genes are added up."""
        for table in tables:
            sizes = table.assign(effect=table["Score"].abs(), one=1, count=table["count"].fillna(0))
            for model, elements in sizes.groupby("model", sort=False):
                sums = overlapping_sums(self._known, elements, ["effect", "Score", "one", "count"])
                self._sums[model] = self._sums.get(model, 0) + sums
            yield table

    def pairs(self, model):
        """The pairs with all that `models.benchmark.score_pairs` takes, of the tables that were computed."""
        effect, signed, elements, contacts = self._sums.get(model, np.zeros((len(self._known), 4))).T
        return self._known.assign(effect=effect, effect_signed=signed, touched=elements > 0, contacts=contacts)
