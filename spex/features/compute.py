"""Genes and their contacts to features: sequences are read, windows predicted, predictions summed. Writes nothing."""

from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from expecto.gene_features import OWN_SUMS, SHIFTS, own_features, own_windows, transform_weights
from expecto.scan import merge_windows
from spex.contacts.sums import sum_over_bins

OWN_ROWS = OWN_SUMS + 1
"""Rows kept of a gene's own windows: the ten sums and the plain one, which stands in for missing contacts."""


class FeatureComputer:
    """Computes the features of genes.

    genome: Genome. scanner: expecto.scan.Scanner. store: PredictionStore or None. contacts: Contacts, of these genes
    among others, or None without contact maps. windows_per_pass: windows that the network sees at once.
    counts: Counter of windows computed and rows taken from the store.
    """

    def __init__(self, *, genome, scanner, store, contacts, windows_per_pass):
        self.genome, self.scanner, self.store, self.contacts = genome, scanner, store, contacts
        self.network = scanner.network
        self.windows_per_pass = windows_per_pass
        self.counts = Counter()
        weights = np.vstack([transform_weights(), np.ones(len(SHIFTS))])
        self._weights = torch.tensor(weights, dtype=torch.float64, device=scanner.device)
        self._place = {} if contacts is None else {gene: row for row, gene in enumerate(contacts.genes)}

    def features(self, block):
        """All features of some genes of one chromosome.

        block: DataFrame with id, chrom, strand, tss. Returns: (genes, 10 or 12, features) float32.
        """
        features = self._own_rows(block)  # (genes, 11, features)
        if self.contacts is None:
            return features[:, :OWN_SUMS]
        neighbours = self._neighbour_sums(block, plain_sums=features[:, OWN_SUMS])
        return np.concatenate([features[:, :OWN_SUMS], neighbours], axis=1)

    def close(self):
        """Write what waits in the store."""
        if self.store is not None:
            self.store.flush()
            self.counts["bytes written to the store"] = self.store.bytes_written

    def _own_rows(self, block):
        """The ten sums and the plain one of each gene's own windows, (genes, 11, features) float32."""
        chrom = block["chrom"].iloc[0]
        keys = block["tss"].to_numpy() * 2 + (block["strand"] == "-").to_numpy()
        rows = np.empty((len(block), OWN_ROWS * self.network.features), np.float32)
        missing = self._fill_from_store("own", chrom, keys, rows)
        per_pass = max(self.windows_per_pass // len(SHIFTS), 1)
        passes = [missing[i : i + per_pass] for i in range(0, len(missing), per_pass)]
        for mine, (codes, starts) in read_ahead(passes, lambda genes: self._own_sequences(block.iloc[genes])):
            of_genes = self._predict(codes, starts).split(len(SHIFTS))
            # in float64, so that the order of the sums, which depends on the number of threads, is rounded away
            sums = [own_features(predictions.double(), self._weights).flatten() for predictions in of_genes]
            rows[mine] = torch.stack(sums).float().cpu().numpy()
        self._put_in_store("own", chrom, keys, rows, missing)
        return rows.reshape(len(block), OWN_ROWS, self.network.features)

    def _own_sequences(self, genes):
        """Base codes of the genes' stretches end to end, and where their windows start in them."""
        codes, starts, length = [], [], 0
        for chrom, tss, strand in zip(genes["chrom"], genes["tss"], genes["strand"], strict=True):
            first, end, within = own_windows(tss, strand, self.network.window)
            codes.append(self.genome.codes(chrom, first, end))
            starts.append(within + length)
            length += end - first
        return np.concatenate(codes), np.concatenate(starts)

    def _neighbour_sums(self, block, plain_sums):
        """Sums over each gene's contacted bins, (genes, 2, features) float32: downstream, upstream of the gene."""
        rows = [self._place[gene] for gene in block["id"]]
        spans = [slice(*self.contacts.offsets[row : row + 2]) for row in rows]
        touched = np.concatenate([self.contacts.bins[span] for span in spans])
        upstream = ~np.concatenate([self.contacts.downstream[span] for span in spans])
        sides = np.repeat(2 * np.arange(len(block)), [span.stop - span.start for span in spans]) + upstream
        chrom = block["chrom"].iloc[0]
        (sums,) = sum_over_bins(
            [(touched, sides)],
            2 * len(block),
            self.network.features,
            lambda bins: self._bin_predictions(chrom, bins),
        )
        weight = self.contacts.rule.weight(self.contacts.resolution)
        result = (sums * weight).astype(np.float32).reshape(len(block), 2, -1)
        if self.contacts.rule.own_windows_stand_in:
            alone = ~self.contacts.has_pixels[rows]
            result[alone] = plain_sums[alone][:, None]
        return result

    def _bin_predictions(self, chrom, bins):
        """Predictions of contacted bins (ascending), (bins, features) float32."""
        starts = self.contacts.rule.centres(bins, self.contacts.resolution) - self.network.window // 2
        rows = np.empty((len(bins), self.network.features), np.float32)
        missing = self._fill_from_store("windows", chrom, starts, rows)
        passes = [missing[i : i + self.windows_per_pass] for i in range(0, len(missing), self.windows_per_pass)]

        def sequence(mine):
            runs, within = merge_windows(torch.from_numpy(starts[mine]), self.network.window)
            return np.concatenate([self.genome.codes(chrom, *run) for run in runs]), within.numpy()

        for mine, (codes, within) in read_ahead(passes, sequence):
            rows[mine] = self._predict(codes, within).cpu().numpy()
        self._put_in_store("windows", chrom, starts, rows, missing)
        return rows

    def _predict(self, codes, starts):
        """Predictions of the windows at `starts` of a sequence, as many at once as were asked for."""
        self.counts["windows"] += len(starts)
        codes = torch.from_numpy(codes)
        passes = torch.from_numpy(starts).split(self.windows_per_pass)
        predictions = [self.scanner.predict(codes, some) for some in passes]
        return predictions[0] if len(predictions) == 1 else torch.cat(predictions)

    def _fill_from_store(self, kind, chrom, keys, rows):
        """Fill in the rows that the store has. Returns: the numbers of those that it lacks."""
        if self.store is None:
            return np.arange(len(keys))
        found, stored = self.store.get(kind, chrom, keys)
        if stored is not None:
            rows[found] = stored
            self.counts[f"{kind} from the store"] += int(found.sum())
        return np.flatnonzero(~found)

    def _put_in_store(self, kind, chrom, keys, rows, computed):
        """Keep the rows just computed; what is used from now on is what a later run will read."""
        if self.store is not None and len(computed):
            self.store.put(kind, chrom, keys[computed], rows[computed])
            rows[computed] = self.store.stored(rows[computed])


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
