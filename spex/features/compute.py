"""Blocks of genes -> sequences -> predictions -> features -> files."""

import logging
import secrets
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from expecto import CHROMATIN_FEATURES, TENSOR_WIDTH
from expecto.gene_features import SHIFTS, own_features, transform_weights
from expecto.scan import merge_windows
from spex.files.storage import DamagedFileError, is_whole_array, load_array, save_array
from spex.inputs.genes import own_windows

SEGMENT_BINS = 1024
"""Contacted bins are summed segment by segment of the chromosome, on a grid that no block of genes moves: the order of
every sum, and so every bit of it, is the same however genes are split."""

BINS_AT_ONCE = 4096
"""Contacted bins whose predictions are held in memory, at least (8 KB each), in whole segments."""

OWN_ROWS = TENSOR_WIDTH + 1
"""Rows kept of a gene's own windows: the ten transforms and the plain sum, which stands in for missing contacts."""

WRITERS = 4

logger = logging.getLogger("spex")


def tensor_length(with_contacts):
    """Numbers in a gene's tensor: 20,020, or 24,024 with contacts."""
    return (TENSOR_WIDTH + 2 * with_contacts) * CHROMATIN_FEATURES


def unfinished_genes(folder, genes, length, *, tell=True):
    """The genes without a whole tensor of `length` numbers. tell: log what counts as missing because it is damaged."""

    def are_finished(gene_ids):
        return [_is_finished(folder.tensor_path(gene_id), length, tell) for gene_id in gene_ids]

    groups = [genes["id"].iloc[first : first + 256] for first in range(0, len(genes), 256)]
    with ThreadPoolExecutor(WRITERS) as pool:
        finished = [finished for group in pool.map(are_finished, groups) for finished in group]
    return genes[~np.array(finished, dtype=bool)]


def _is_finished(path, length, tell):
    try:
        if is_whole_array(path, (length,), np.float32):
            return True
        tensor = load_array(path)
        problem = f"{path}: {tensor.dtype} of shape {tensor.shape}, expected {length} sealed float32"
    except FileNotFoundError:
        return False
    except DamagedFileError as error:
        problem = error
    if tell:
        logger.warning("%s; it is made again", problem)
    return False


class TensorPipeline:
    """Computes and writes the tensors of genes.

    genome: Genome. scanner: expecto.scan.Scanner. store: PredictionStore or None. folder: DataFolder. rule:
    ContactRule and contacts: Contacts, or None without contact maps. windows_per_pass: windows that the network sees
    at once, rounded up to whole genes.
    """

    def __init__(self, *, genome, scanner, store, folder, rule, contacts, windows_per_pass):
        self.genome, self.scanner, self.store, self.folder = genome, scanner, store, folder
        self.rule, self.contacts = rule, contacts
        self.windows_per_pass = windows_per_pass
        self.counts = Counter()
        weights = np.vstack([transform_weights(), np.ones(len(SHIFTS))])
        self._weights = torch.tensor(weights, dtype=torch.float64, device=scanner.device)
        self._place = {} if contacts is None else {gene: row for row, gene in enumerate(contacts.genes)}

    def run(self, genes, block_size, advance):
        """Make the tensors of `genes`, in blocks of `block_size` along the genome.

        Other processes may be at the same genes: each begins somewhere else, and passes over what has been finished by
        the time it gets there. advance: called with the number of genes whose tensors were written, by whomever.
        """
        genes = genes.sort_values(["chrom", "tss", "id"])
        blocks = [
            on_chrom.iloc[first : first + block_size]
            for _, on_chrom in genes.groupby("chrom", sort=False)
            for first in range(0, len(on_chrom), block_size)
        ]
        begin = secrets.randbelow(max(len(blocks), 1))
        try:
            with ThreadPoolExecutor(WRITERS) as writers:
                writing = []
                for whole_block in blocks[begin:] + blocks[:begin]:
                    block = self._still_unfinished(whole_block, advance)
                    if block.empty:
                        continue
                    features = self._features(block)
                    _finish(writing, advance)
                    writing = [
                        writers.submit(save_array, self.folder.tensor_path(gene), rows.reshape(-1), durable=False)
                        for gene, rows in zip(block["id"], features, strict=True)
                    ]
                    if self.scanner.device.type == "cpu":  # a GPU computes the next block meanwhile
                        _finish(writing, advance)
                        writing = []
                _finish(writing, advance)
        finally:
            if self.store is not None:
                self.store.flush()
                self.counts["bytes written to the store"] = self.store.bytes_written

    def _still_unfinished(self, block, advance):
        """The genes of a block that no other process has finished meanwhile."""
        left = unfinished_genes(self.folder, block, tensor_length(self.contacts is not None), tell=False)
        advance(len(block) - len(left))
        return left

    def _features(self, block):
        """All features of a block's genes, (genes, 10 or 12, 2002) float32."""
        features = self._own_rows(block)  # (genes, 11, 2002)
        if self.contacts is None:
            return features[:, :TENSOR_WIDTH]
        neighbours = self._neighbour_sums(block, plain_sums=features[:, TENSOR_WIDTH])
        return np.concatenate([features[:, :TENSOR_WIDTH], neighbours], axis=1)

    def _own_rows(self, block):
        """Transforms and plain sum of each gene's own windows, (genes, 11, 2002) float32."""
        chrom = block["chrom"].iloc[0]
        keys = block["tss"].to_numpy() * 2 + (block["strand"] == "-").to_numpy()
        rows = np.empty((len(block), OWN_ROWS * CHROMATIN_FEATURES), np.float32)
        missing = self._fill_from_store("own", chrom, keys, rows)
        per_pass = -(-self.windows_per_pass // len(SHIFTS))
        passes = [missing[i : i + per_pass] for i in range(0, len(missing), per_pass)]
        for mine, (codes, starts) in read_ahead(passes, lambda genes: self._own_sequences(block.iloc[genes])):
            of_genes = self._predict(codes, starts).split(len(SHIFTS))
            # in float64, so that the order of the sums, which depends on the number of threads, is rounded away
            sums = [own_features(predictions.double(), self._weights).flatten() for predictions in of_genes]
            rows[mine] = torch.stack(sums).float().cpu().numpy()
        self._put_in_store("own", chrom, keys, rows, missing)
        return rows.reshape(len(block), OWN_ROWS, CHROMATIN_FEATURES)

    def _own_sequences(self, genes):
        """Base codes of the genes' stretches end to end, and where their windows start in them."""
        codes, starts, length = [], [], 0
        for chrom, tss, strand in zip(genes["chrom"], genes["tss"], genes["strand"], strict=True):
            first, end, within = own_windows(tss, strand)
            codes.append(self.genome.codes(chrom, first, end))
            starts.append(within + length)
            length += end - first
        return np.concatenate(codes), np.concatenate(starts)

    def _neighbour_sums(self, block, plain_sums):
        """Sums over each gene's contacted bins, (genes, 2, 2002) float32: downstream, upstream of the gene."""
        rows = [self._place[gene] for gene in block["id"]]
        spans = [slice(*self.contacts.offsets[row : row + 2]) for row in rows]
        sums = torch.zeros((len(block), 2, CHROMATIN_FEATURES), dtype=torch.float64, device=self.scanner.device)
        wanted = np.unique(np.concatenate([self.contacts.bins[span] for span in spans]))
        for segments in _group_segments(wanted):
            predictions = self._bin_predictions(block["chrom"].iloc[0], np.concatenate(segments))
            predictions = predictions.split([len(bins) for bins in segments])
            for bins, of_segment in zip(segments, predictions, strict=True):
                self._add_segment(sums, spans, bins, of_segment)
        result = (sums * self.rule.weight).float().cpu().numpy()
        if self.rule.own_windows_stand_in:
            alone = ~self.contacts.has_pixels[rows]
            result[alone] = plain_sums[alone][:, None]
        return result

    def _add_segment(self, sums, spans, bins, predictions):
        """Add one segment's bins to the sums of the genes that touch them. predictions: (bins, 2002)."""
        for gene, span in enumerate(spans):
            mine = self.contacts.bins[span]
            within = slice(*np.searchsorted(mine, [bins[0], bins[-1] + 1]))
            if within.start < within.stop:
                places = torch.from_numpy(np.searchsorted(bins, mine[within])).to(predictions.device)
                downstream = torch.from_numpy(self.contacts.downstream[span][within]).to(predictions.device)
                sums[gene, 0] += predictions[places[downstream]].sum(0, dtype=torch.float64)
                sums[gene, 1] += predictions[places[~downstream]].sum(0, dtype=torch.float64)

    def _bin_predictions(self, chrom, bins):
        """Predictions of contacted bins (ascending), (bins, 2002) float32 on the device."""
        starts = self.rule.window_starts(bins)
        rows = np.empty((len(bins), CHROMATIN_FEATURES), np.float32)
        missing = self._fill_from_store("windows", chrom, starts, rows)
        passes = [missing[i : i + self.windows_per_pass] for i in range(0, len(missing), self.windows_per_pass)]

        def sequence(mine):
            runs, within = merge_windows(torch.from_numpy(starts[mine]))
            return np.concatenate([self.genome.codes(chrom, *run) for run in runs]), within.numpy()

        for mine, (codes, within) in read_ahead(passes, sequence):
            rows[mine] = self._predict(codes, within).cpu().numpy()
        self._put_in_store("windows", chrom, starts, rows, missing)
        return torch.from_numpy(rows).to(self.scanner.device)

    def _predict(self, codes, starts):
        self.counts["windows"] += len(starts)
        return self.scanner.predict(torch.from_numpy(codes), torch.from_numpy(starts))

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


def _finish(writing, advance):
    """Wait for tensors that are being written. writing: futures."""
    for future in writing:
        future.result()
        advance(1)


def _group_segments(bins):
    """Split bins (ascending) at the segments' grid, and group whole segments until a group is worth a pass."""
    edges = np.flatnonzero(np.diff(bins // SEGMENT_BINS)) + 1
    group = []
    for segment in np.split(bins, edges):
        group.append(segment)
        if sum(map(len, group)) >= BINS_AT_ONCE:
            yield group
            group = []
    if group and len(group[0]):
        yield group


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
