"""Genes and their contacts to features: sequences are read, windows predicted, predictions summed. Writes nothing."""

from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from expecto.gene_features import OWN_SUMS, SHIFTS, own_features, own_windows, transform_weights
from expecto.scan import GRIDS, MARGINS, merge_windows
from spex.contacts.sums import SumsOverBins
from spex.errors import InputError
from spex.models.layout import Layout
from spex.runs.cache import OWN_ROWS, own_keys


class FeatureComputer:
    """Computes the features of genes.

    genome: Genome. scanner: expecto.registry.Scan. store: PredictionStore or None. contacts: Contacts, of these genes
    among others, or None without contact maps. windows_per_pass: windows of genes that the network sees at once;
    bins_per_pass: others, as many without it.
    counts: Counter of windows computed, rows taken from the store, and genes for which anything was computed. reported:
    how many genes of the block at hand `features` reported already.
    """

    def __init__(self, *, genome, scanner, store, contacts, windows_per_pass, bins_per_pass=None):
        self.genome, self.scanner, self.store, self.contacts = genome, scanner, store, contacts
        self.network = scanner.network
        self.windows_per_pass, self.bins_per_pass = windows_per_pass, bins_per_pass or windows_per_pass
        self.counts, self.reported, self._passed = Counter(), 0, None
        weights = np.vstack([transform_weights(), np.ones(len(SHIFTS))])
        self._weights = torch.tensor(weights, dtype=torch.float64, device=scanner.device)
        self._place = {} if contacts is None else {gene: row for row, gene in enumerate(contacts.genes)}

    def features(self, blocks, advance=None):
        """All features of blocks of genes; what comes next is read, and asked for, while the network is at work.

        blocks: iterable of DataFrames with id, chrom, strand, tss, each of one chromosome; taken a little ahead.
        advance: as of `spex.progress`; called after each pass of the network, where it is waited for, with the number
        of genes that its work makes up.
        Yields: each block and its features, (genes, 10 and two a group of contacts, features) float32.
        """
        begun = (_Block(genes, self.contacts, self._place, self.network) for genes in blocks)
        steps = ((block, segments) for block in begun for segments in block.steps)
        steps = read_ahead(steps, lambda step: self._read(*step))
        asked_for = one_ahead(steps, self._begin) if self.overlaps else self._one_by_one(steps, advance)
        for (block, segments), asked in asked_for:
            rows = self._complete(*asked)
            block.note_computed(segments, len(asked[-1]))
            if segments is OWN:
                block.own = rows.reshape(len(rows), OWN_ROWS, -1)
            else:
                block.sums.add(segments, rows)
            if segments is block.steps[-1]:
                self.counts["genes"] += block.computed
                yield block.genes, block.features()
                self.reported = 0

    def _one_by_one(self, steps, advance):
        """Yield each key and `_begin(value)` of steps, reporting each pass where there is an `advance`."""

        def report(windows):
            made = block.made(windows)
            if made > self.reported:
                advance(made - self.reported, made - self.reported)
                self.reported = made

        for key, read in steps:
            block, self._passed = key[0], advance and report
            asked = self._begin(read)
            self._passed = None
            yield key, asked

    @property
    def overlaps(self):
        """Whether the device computes while the host does something else, as a GPU does."""
        return self.scanner.device.type != "cpu"

    @property
    def width(self):
        """Numbers of a gene's features."""
        return Layout.of_network(self.network, 0 if self.contacts is None else self.contacts.rule.groups).width

    def close(self):
        """Write what waits in the store."""
        if self.store is not None:
            self.store.flush()
            self.counts["bytes written to the store"] = self.store.bytes_written

    @property
    def substitutes(self):
        """Whether `predict_substituted` can be used."""
        return self.scanner.substitutes

    def windows(self, chrom, starts, *, keep, rounded=True):
        """Predictions of windows of a chromosome, from the store where it has them, float32 (n, features).

        starts: (n,) int64, ascending, 0-based. keep: put those that were computed into the store. rounded: as the store
        keeps them; without it, a store of float16 is passed by.
        """
        if not rounded and self.store is not None and self.store.dtype != np.float32:
            return self.predict(*lay_end_to_end(partial(self.genome.codes, chrom), starts, self.network.window))
        return self._complete(*self._begin(self._look_up_windows(chrom, starts)), keep=keep)

    def predict(self, codes, starts):
        """Predictions of the windows at `starts` of a sequence of one's own, float32 (n, features).

        codes: (length,) uint8 base codes. starts: (n,) int64, each window within the sequence.
        """
        return _on_host(self._predict(codes, starts))

    def predict_substituted(self, codes, starts, windows, places, bases):
        """Predictions of windows of a sequence of one's own, and of these with bases substituted.

        codes, starts: as of `predict`, starts ascending. windows, places: (p,) int64; bases: (p, k) uint8, as of
        `Scanner.predict_substituted`. Returns: without (n, features) and with (p, features) substitutions, float32.
        """
        self.counts["windows"] += len(starts)
        self.counts["windows with substitutions"] += len(windows)
        of_scanner = torch.from_numpy(codes).to(self.scanner.device)
        without = np.empty((len(starts), self.network.features), np.float32)
        changed = np.empty((len(windows), self.network.features), np.float32)
        for first in range(0, len(starts), self.bins_per_pass):
            some = slice(first, first + self.bins_per_pass)
            mine = np.flatnonzero((first <= windows) & (windows < some.stop))
            rows = (windows[mine] - first, places[mine], bases[mine])
            found = self.scanner.predict_substituted(of_scanner, *map(torch.from_numpy, (starts[some], *rows)))
            without[some], changed[mine] = map(_on_host, found)
        return without, changed

    def _read(self, block, segments):
        """What one step of a block needs: rows that the store has, and sequences for the others."""
        if segments is OWN:
            keys, width = own_keys(block.genes), OWN_ROWS * self.network.features

            def sequences_of(missing):
                return self._own_sequences(block.chrom, block.genes.iloc[missing])

            return self._look_up("own", block.chrom, keys, width, sequences_of)
        return self._look_up_windows(block.chrom, segments.starts)

    def _look_up_windows(self, chrom, starts):
        """As `_look_up`, of windows of a chromosome by where they start, ascending."""

        def sequences_of(missing):
            codes_of = partial(self.genome.codes, chrom)
            return lay_end_to_end(codes_of, starts[missing], self.network.window)

        return self._look_up("windows", chrom, starts, self.network.features, sequences_of)

    def _look_up(self, kind, chrom, keys, width, sequences_of):
        """Rows that the store has, and sequences for the others. sequences_of: called with positions in `keys`."""
        rows, found = np.empty((len(keys), width), np.float32), np.zeros(len(keys), dtype=bool)
        if self.store is not None:
            found, stored = self.store.get(kind, chrom, keys)
            if stored is not None:
                _check_finite(stored, "cache", "those in the prediction cache", "delete that folder")
                rows[found] = stored
        missing = np.flatnonzero(~found)
        return _Rows(kind, chrom, keys, rows, missing, sequences_of(missing) if len(missing) else None)

    def _own_sequences(self, chrom, genes):
        """Base codes of the genes' stretches end to end, and where their windows start in them, (genes, 200)."""
        windows = (own_windows(*gene, self.network.window) for gene in zip(genes["tss"], genes["strand"], strict=True))
        starts = np.stack([first + within for first, _, within in windows])
        order = np.argsort(starts, axis=1)
        codes_of, rising = partial(self.genome.codes, chrom), np.take_along_axis(starts, order, axis=1)
        codes, places = lay_several(((codes_of, row) for row in rising), self.network.window)
        np.put_along_axis(starts, order, places.reshape(starts.shape), axis=1)
        return codes, starts

    def _begin(self, read):
        """Ask for the rows of one step that are neither in the store nor about to be; a GPU is not waited for."""
        left = np.arange(len(read.missing))
        if self.store is not None and len(left):
            found, recent = self.store.recent(read.kind, read.chrom, read.keys[read.missing])
            if recent is not None:
                read.rows[read.missing[found]] = recent
            left = left[~found]
        self.counts[f"{read.kind} from the store"] += len(read.keys) - len(left)
        if not len(left):
            return read, None, left
        codes, starts = read.sequences
        if read.kind == "own":
            return read, self._own_rows(codes, starts[left]), read.missing[left]
        return read, self._predict(codes, starts[left]), read.missing[left]

    def _complete(self, read, predicted, places, keep=True):
        """The rows of one step, (keys, width) float32. keep: put what was predicted into the store."""
        if predicted is not None:
            rows = _on_host(predicted)
            if self.store is not None:
                if keep:
                    self.store.put(read.kind, read.chrom, read.keys[places], rows)
                rows = self.store.stored(rows)  # what a later run will read
            read.rows[places] = rows
        return read.rows

    def _own_rows(self, codes, starts):
        """The ten sums and the plain one of genes' own windows. starts: (genes, 200). Returns: (genes, 11 * width)."""
        sums = torch.empty((len(starts), OWN_ROWS, self.network.features), device=self.scanner.device)
        at_once = max(self.windows_per_pass // len(SHIFTS), 1)
        for genes in np.array_split(np.arange(len(starts)), -(-len(starts) // at_once)):
            of_genes = starts[genes] if self.scanner.genes_at_once else starts[genes].reshape(-1)
            predictions = self._predict(codes, of_genes, self.windows_per_pass).unflatten(0, (len(genes), len(SHIFTS)))
            # in float64, so that the order of the sums, which depends on the number of threads, is rounded away
            for gene, own in zip(genes, predictions, strict=True):
                sums[gene] = own_features(own.double(), self._weights)
        return sums.flatten(1)

    def _predict(self, codes, starts, at_once=None):
        """Predictions of the windows at `starts` of a sequence: all windows of genes, (genes, 200), at once; others,
        (n,), so many after the other, or as many as of contacted bins."""
        self.counts["windows"] += starts.size
        codes, starts = torch.from_numpy(codes).to(self.scanner.device), torch.from_numpy(starts)
        predictions = []
        for some in [starts] if starts.dim() > 1 else starts.split(at_once or self.bins_per_pass):
            predictions.append(self.scanner.predict(codes, some))
            if self._passed:
                self._passed(some.numel())
        return predictions[0] if len(predictions) == 1 else torch.cat(predictions)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of some keys, float32 (keys, width): those at `missing`, (m,) positions, are to be filled in.

    sequences: base codes, and where the windows of the missing rows start in them; None where nothing is missing.
    """

    kind: str
    chrom: str
    keys: np.ndarray
    rows: np.ndarray
    missing: np.ndarray
    sequences: tuple | None


OWN = "own windows"
"""The first step of a block; the others are groups of segments of its contacts' windows."""


class _Block:
    """Genes of one chromosome, their contacts, and what has been summed so far.

    own: float32 (genes, 11, features), of the genes' own windows. steps: what is to be predicted, one after the other.
    computed: genes for which the network was asked, so far.
    """

    def __init__(self, genes, contacts, places, network):
        self.genes, self.contacts = genes, contacts
        self.chrom = genes["chrom"].iloc[0]
        self.own, self.steps, self.computed = None, [OWN], 0
        # of each step that is left: how many windows there may be to predict, and how many bp they cover
        self._read, self._left = 0, [(len(genes) * len(SHIFTS), len(genes) * np.ptp(SHIFTS))]
        if contacts is None:
            return
        self.rows = [places[gene] for gene in genes["id"]]
        self.sums = SumsOverBins([contacts], self.rows, network.features)
        self.steps += self.sums.groups
        for starts in (group.starts for group in self.sums.groups):
            self._left.append((len(starts), np.minimum(np.diff(starts), network.window).sum() + network.window))

    def note_computed(self, segments, rows):
        """Note that a step is done, and how many of its rows the network was asked for: a contacted bin may be of any
        gene, so of all."""
        self._left.pop(0)
        self.computed = max(self.computed, rows if segments is OWN else len(self.genes) * (rows > 0))

    def made(self, windows):
        """How many genes the work so far makes up, in tenths, after another pass of so many windows.

        The work is the sequence that the network reads: that of an overlapping window costs less. What the store will
        have of the steps to come is not known, and counts as work.
        """
        (count, bp), *others = self._left
        read = bp * windows / count
        self._read, self._left = self._read + read, [(max(count - windows, 1), bp - read), *others]
        share = self._read / (self._read + sum(bp for _, bp in self._left))
        return int(10 * len(self.genes) * share + 1e-6) / 10

    def features(self):
        """(genes, 10 and two a group of contacts, features) float32."""
        if self.contacts is None:
            return self.own[:, :OWN_SUMS]
        neighbours = self.sums.totals()[0].astype(np.float32)
        alone = self.contacts.stand_ins[self.rows]
        neighbours[alone] = self.own[alone, OWN_SUMS:]
        return np.concatenate([self.own[:, :OWN_SUMS], neighbours], axis=1)


def _on_host(predicted):
    """Predictions in the host's memory, float32 (n, features), when they are numbers."""
    rows = predicted.cpu().numpy()
    _check_finite(rows, "network", "its weights or this precision overflow", "get it again, or take float32")
    return rows


def _check_finite(rows, argument, why, hint):
    """Refuse predictions that are no numbers, before they are kept or summed. rows: float32 (n, features)."""
    if not np.isfinite(rows.sum(dtype=np.float64)):
        raise InputError(
            f"predictions that are not finite ({why})", argument=argument, expected="probabilities", hint=hint
        )


def lay_end_to_end(codes_of, starts, window):
    """The runs of overlapping windows end to end, each with what the scan reads around it, where it expects it.

    codes_of: from a stretch, 0-based half-open, to its base codes. starts: (n,) int64, ascending. window: in bp.
    Returns: base codes, uint8; where the windows start in them, (n,) int64.
    """
    runs, within = merge_windows(torch.from_numpy(starts), window, margins=MARGINS, grid=GRIDS[0])
    return np.concatenate([codes_of(*run) for run in runs]), within.numpy()


def lay_several(sequences, window):
    """`lay_end_to_end` of windows of several sequences, one after the other.

    sequences: pairs of what gives base codes, and where windows start, ascending. Returns: as of `lay_end_to_end`.
    """
    codes, places, length = [], [], 0
    for codes_of, starts in sequences:
        laid, within = lay_end_to_end(codes_of, np.asarray(starts, np.int64), window)
        codes.append(laid)
        places.append(within + length)
        length += len(laid)
    return np.concatenate(codes), np.concatenate(places)


def read_ahead(items, prepare, depth=2):
    """Yield each item with `prepare(item)`, computed in a thread while the caller works on the ones before."""
    with ThreadPoolExecutor(1) as reader:
        ahead = deque()
        for item in items:
            ahead.append((item, reader.submit(prepare, item)))
            if len(ahead) > depth:
                ready, result = ahead.popleft()
                yield ready, result.result()
        for ready, result in ahead:
            yield ready, result.result()


def one_ahead(pairs, begin):
    """Yield each key and `begin(value)` of pairs, when the next value was begun as well."""
    waiting = None
    for key, value in pairs:
        following = key, begin(value)
        if waiting is not None:
            yield waiting
        waiting = following
    if waiting is not None:
        yield waiting
