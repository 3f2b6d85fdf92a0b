"""Tensors of genes as files: what is missing is computed and written, block by block."""

import itertools
import logging
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np

from spex.errors import count
from spex.files.sealed import DamagedFileError, is_whole_array, load_array, save_array

WRITERS = 4

logger = logging.getLogger("spex")


def write_tensors(computer, folder, genes, block_size, advance, watch):
    """Make the tensors of genes, in blocks of `block_size` along the genome.

    Other processes may be at the same genes: each begins somewhere else, and passes over what has been finished by the
    time it gets there.

    The first block is made in growing pieces, so that it soon shows how long the rest takes.

    computer: FeatureComputer. folder: DataFolder. genes: DataFrame with id, chrom, strand, tss. advance: called with
    the number of genes whose tensors were written, by whomever, and of how many of them anything was computed here; in
    part before that, where the computer reports how far it is within a block.
    watch: of the input files, asked before each block is written.

    Raises:
        InputError: an input has changed; predictions that are not finite.
    """
    blocks = blocks_along_genome(genes, block_size)
    begin = secrets.randbelow(max(len(blocks), 1))

    def unfinished_blocks():
        for whole_block in blocks[begin:] + blocks[:begin]:
            block = unfinished_genes(folder, whole_block, computer.width, report=False)
            if len(block) < len(whole_block):
                advance(len(whole_block) - len(block), 0)
            if len(block):
                yield block

    try:
        with (
            ThreadPoolExecutor(WRITERS) as writers,
            closing(computer.features(in_pieces(unfinished_blocks()), advance)) as made,
        ):
            writing, done, before = [], (0, 0), 0
            for block, features in made:
                logger.debug("%s: block of %s", block["chrom"].iloc[0], count(len(block), "gene"))
                _finish(writing, done, advance)
                watch.check()
                writing = [
                    writers.submit(save_array, folder.tensor_path(gene), rows.reshape(-1), durable=False)
                    for gene, rows in zip(block["id"], features, strict=True)
                ]
                computed, before = computer.counts["genes"] - before, computer.counts["genes"]
                done = len(block) - computer.reported, computed - computer.reported
                if not computer.overlaps:
                    _finish(writing, done, advance)
                    writing = []
            _finish(writing, done, advance)
    finally:
        computer.close()


def blocks_along_genome(genes, block_size):
    """Genes in blocks, each of one chromosome: those that lie, and so touch, near each other come together."""
    genes = genes.sort_values(["chrom", "tss", "id"])
    return [
        on_chrom.iloc[first : first + block_size]
        for _, on_chrom in genes.groupby("chrom", sort=False)
        for first in range(0, len(on_chrom), block_size)
    ]


def in_pieces(blocks):
    """Blocks as they come, the first one in pieces of 1, 2, 4, ... genes."""
    blocks = iter(blocks)
    for block in itertools.islice(blocks, 1):
        size = 1
        while len(block):
            yield block.iloc[:size]
            block, size = block.iloc[size:], 2 * size  # noqa: PLW2901
    yield from blocks


def _finish(writing, done, advance):
    """Wait for tensors that are being written. writing: futures. done: what `advance` is called with then."""
    for future in writing:
        future.result()
    if writing:
        advance(*done)


def unfinished_genes(folder, genes, length, *, report=True):
    """The genes without a whole tensor of `length` numbers. report: log those that count as missing as damaged."""

    def are_finished(gene_ids):
        return [_is_finished(folder.tensor_path(gene_id), length, report) for gene_id in gene_ids]

    groups = [genes["id"].iloc[first : first + 256] for first in range(0, len(genes), 256)]
    with ThreadPoolExecutor(WRITERS) as pool:
        finished = [finished for group in pool.map(are_finished, groups) for finished in group]
    return genes[~np.array(finished, dtype=bool)]


def _is_finished(path, length, report):
    try:
        if is_whole_array(path, (length,), np.float32):
            return True
        tensor = load_array(path)
        problem = f"{path}: {tensor.dtype} of shape {tensor.shape}, expected {length} sealed float32"
    except FileNotFoundError:
        return False
    except DamagedFileError as error:
        problem = error
    if report:
        logger.warning("%s; it is made again", problem)
    return False
