"""Predictions that several runs share, in shards that processes write side by side and never change.

A shard is one `.npy` file: the keys of its rows, a checksum for each, the rows. It is memory-mapped while rows are
taken from it, so only those that are asked for leave the disk; between that its keys alone are in memory, and it is
closed, since there may be more shards than files that a process may have open. Every process writes shards of its own;
lookups see the shards that are whole by then. Keys are integers that the caller chooses (the start of a
bin's window, a TSS).
"""

import contextlib
import logging
import secrets
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from expecto.gene_features import OWN_SUMS
from spex.files.atomic import is_read_only, remove_abandoned, remove_where_allowed, whole_file, write_json
from spex.files.hashes import Watch, json_digest
from spex.files.sealed import DamagedFileError, npy_header, read_npy_header

SHARD_BYTES = 32 << 20
SHARDS_IN_MEMORY = 3  # being written or waiting to be; a producer quicker than the disk waits
IDENTITY = "identity.json"
"""For users: what a folder belongs to; the program itself uses the folder's name."""

OWN_ROWS = OWN_SUMS + 1
"""Rows kept of a gene's local windows: the ten sums and the plain one, which stands in for missing contacts."""

logger = logging.getLogger("spex")


def own_keys(genes):
    """Keys of genes' local windows, (n,) int64. genes: DataFrame (n) with strand, tss."""
    return genes["tss"].to_numpy() * 2 + (genes["strand"] == "-").to_numpy()


class PredictionStore:
    """Rows of numbers by kind, chromosome and key, under the identity of what they were computed with.

    root: the prediction cache folder. identity: dict of JSON values (genome, weights, precision ...): other values
    are another store within the same folder. dtype: float32, or float16 to halve the size. watch: of the files that
    rows are computed from, which is asked before a shard is written.
    """

    def __init__(self, root, identity, dtype=np.float32, watch=None):
        self._identity = {**identity, "dtype": np.dtype(dtype).name}
        self.folder = Path(root) / json_digest(self._identity, 16)
        self.dtype = np.dtype(dtype)
        self.bytes_written = 0
        self._watch = watch or Watch()
        self._tables = {}
        self._writable = True
        self._writer = ThreadPoolExecutor(1)
        self._writing = deque()

    def stored(self, rows):
        """The values that a later read gives back for `rows`, float32: a float16 store rounds them."""
        return rows.astype(self.dtype, copy=False).astype(np.float32, copy=False)

    def get(self, kind, chrom, keys):
        """Look rows up.

        keys: (n,) int64. Returns: which were found, (n,) bool; those rows, (found, width) float32, or None without any.
        """
        return self._table(kind, chrom).get(keys)

    def has(self, kind, chrom, keys):
        """Which rows are there, (n,) bool, without reading them. keys: (n,) int64."""
        return self._table(kind, chrom).has(keys)

    def recent(self, kind, chrom, keys):
        """Look up rows that this process put in and that are not on the disk yet; arguments and return as `get`'s."""
        return self._table(kind, chrom).recent(np.asarray(keys, np.int64))

    def put(self, kind, chrom, keys, rows):
        """Add rows; they reach the disk when there are enough, or the next chromosome's come, or with `flush`.

        Shards are written in a thread of their own. keys: (n,) int64. rows: (n, width).
        """
        if not self._writable or not len(keys):
            return
        for (other_kind, other), table in list(self._tables.items()):
            if other_kind == kind and other != chrom:
                self._start_writing(table)
        table = self._table(kind, chrom)
        keys, rows = np.ascontiguousarray(keys, "<i8"), np.ascontiguousarray(rows, self.dtype)
        while len(keys):
            count = table.add(keys, rows)
            keys, rows = keys[count:], rows[count:]
            if table.shard.is_full:
                self._start_writing(table)

    def remove_abandoned(self):
        """Delete what killed writers left in its folders: nobody may write to a folder again, which would do it."""
        for folder in {path.parent for path in self.folder.glob("*/*/.*.tmp")}:
            remove_abandoned(folder)

    def flush(self):
        """Write what waits, and wait until all is written."""
        for table in list(self._tables.values()):  # after Ctrl-C another thread may still be looking things up
            self._start_writing(table)
        self._finish_writing(0)

    def _start_writing(self, table):
        if table.shard is not None:
            self._finish_writing(SHARDS_IN_MEMORY - 1)
            shard, table.shard = table.shard, None
            self._writing.append(self._writer.submit(self._write, table, shard))

    def _finish_writing(self, count):
        """Wait until no more than `count` shards are being written; errors of writing come up here."""
        while len(self._writing) > count:
            self._writing.popleft().result()

    def size(self):
        """Bytes that this store takes on the disk."""
        total = 0
        for path in self.folder.glob("*/*/*.npy"):
            with contextlib.suppress(FileNotFoundError):  # another process found it damaged and deleted it
                total += path.stat().st_size
        return total

    def _table(self, kind, chrom):
        if (kind, chrom) not in self._tables:
            self._tables.setdefault((kind, chrom), _Table(self.folder / kind / chrom))  # two threads may be here
        return self._tables[kind, chrom]

    def _write(self, table, shard):
        try:
            if not self._writable:
                return
            self._watch.check()
            if not (self.folder / IDENTITY).exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                write_json(self.folder / IDENTITY, self._identity)
            self.bytes_written += table.write(shard)
        except OSError as error:
            if not is_read_only(error):
                raise
            self._writable = False
            logger.warning("%s: no permission to write; its predictions are used, new ones are not kept", self.folder)
        finally:
            table.forget(shard)


class _Shard:
    """Room for the rows of a shard, in one piece, that goes back to the system in one piece when it is written."""

    def __init__(self, size, width, dtype):
        self.keys, self.rows, self.count = np.empty(size, "<i8"), np.empty((size, width), dtype), 0

    @property
    def is_full(self):
        return self.count == len(self.keys)


class _Table:
    """The shards of one kind and chromosome, and the rows that wait to become one.

    One thread looks rows up on the disk, one adds rows and finds those it added lately, one writes.
    """

    def __init__(self, folder):
        self.folder = folder
        self.shard = None
        self._recent = {}  # key -> row in memory, waiting or being written
        self._shards = {}
        self._damaged = set()
        self._keys = np.empty(0, np.int64)
        self._places = np.empty((0, 2), np.int64)  # number of the shard, row in it

    def has(self, keys):
        self._refresh()
        return self._find(np.asarray(keys, np.int64))[1]

    def _find(self, keys):
        """Shard and row of each key, (n, 2), and whether it is known."""
        if not len(self._keys):
            return np.zeros((len(keys), 2), np.int64), np.zeros(len(keys), dtype=bool)
        slots = np.searchsorted(self._keys, keys)
        slots[slots == len(self._keys)] = 0
        return self._places[slots], self._keys[slots] == keys

    def get(self, keys):
        self._refresh()
        keys = np.asarray(keys, np.int64)
        places, found = self._find(keys)
        rows, shards = None, list(self._shards.items())
        for shard in np.unique(places[found, 0]):
            path, kept = shards[shard]
            mine = np.flatnonzero(found & (places[:, 0] == shard))
            try:
                part = kept.rows(path, keys[mine], places[mine, 1])
            except (FileNotFoundError, DamagedFileError) as error:
                self._drop(path, damaged=isinstance(error, DamagedFileError))
                return self.get(keys)
            if rows is None:
                rows = np.empty((len(keys), part.shape[1]), np.float32)
            rows[mine] = part
        return found, None if rows is None else rows[found]

    def add(self, keys, rows):
        """Copy as many rows as there is room for in the shard. Returns: how many."""
        if self.shard is None:
            self.shard = _Shard(max(SHARD_BYTES // rows[0].nbytes, 1), rows.shape[1], rows.dtype)
        shard, count = self.shard, min(len(keys), len(self.shard.keys) - self.shard.count)
        part = slice(shard.count, shard.count + count)
        shard.keys[part], shard.rows[part], shard.count = keys[:count], rows[:count], part.stop
        self._recent.update(zip(shard.keys[part].tolist(), shard.rows[part], strict=True))
        return count

    def recent(self, keys):
        rows = [self._recent.get(key) for key in keys.tolist()]
        found = np.array([row is not None for row in rows], dtype=bool)
        rows = [row for row in rows if row is not None]
        return found, np.stack(rows).astype(np.float32, copy=False) if rows else None

    def forget(self, shard):
        """Drop from memory what is on the disk now, or never will be."""
        for key in shard.keys[: shard.count].tolist():
            self._recent.pop(key, None)

    def write(self, shard):
        """Write a shard. Returns: its bytes."""
        keys, rows = shard.keys[: shard.count], shard.rows[: shard.count]
        kind = _record_type(len(keys), rows.shape[1], rows.dtype)
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(self.folder / f"{keys.min()}-{keys.max()}-{secrets.token_hex(8)}.npy") as file:
            for part in (npy_header((1,), kind), keys, _checksums(keys, rows), rows):
                file.write(part)
        return kind.itemsize

    def _refresh(self):
        """Take in the shards that have appeared since, other processes' among them."""
        new = sorted(set(self.folder.glob("*.npy")) - self._shards.keys() - self._damaged)
        for path in new:
            try:
                self._shards[path] = _KeptShard.open(path)
            except FileNotFoundError:  # another process found it damaged
                continue
            except DamagedFileError:
                self._drop(path)
        if new:
            self._index()

    def _index(self):
        keys = [kept.keys for kept in self._shards.values()]
        shard = np.repeat(np.arange(len(keys)), [len(part) for part in keys])
        row = np.concatenate([np.empty(0, np.int64), *(np.arange(len(part)) for part in keys)])
        self._keys, first = np.unique(np.concatenate([row[:0], *keys]), return_index=True)
        self._places = np.stack([shard, row], axis=1)[first]

    def _drop(self, path, *, damaged=True):
        """Delete a damaged shard, or forget one that is gone: its rows are computed again."""
        self._shards.pop(path, None)
        if damaged:
            logger.warning("%s: damaged; its predictions are computed again", path)
            self._damaged.add(path)
            remove_where_allowed(path)
        self._index()


@dataclass(frozen=True, eq=False)
class _KeptShard:
    """A whole shard on the disk, closed. start: byte of its one record. kind: dtype of that. keys: int64 (rows,)."""

    start: int
    kind: np.dtype
    keys: np.ndarray

    @classmethod
    def open(cls, path):
        """Read a shard's header and keys; raises DamagedFileError or FileNotFoundError."""
        with open(path, "rb") as file:
            shape, _, kind = read_npy_header(file, path)
            start = file.tell()
            try:
                count, width = kind["rows"].shape
                whole = kind == _record_type(count, width, kind["rows"].base) and shape == (1,)
            except (LookupError, TypeError, ValueError):
                whole = False
            if not whole or path.stat().st_size != start + kind.itemsize:
                raise DamagedFileError(f"{path}: not a whole shard")
            return cls(start, kind, np.fromfile(file, "<i8", count))

    def rows(self, path, keys, places):
        """The rows of some keys; errors as `open`. places: (m,) of them."""
        if path.stat().st_size < self.start + self.kind.itemsize:
            raise DamagedFileError(f"{path}: shorter than it was")
        record = np.memmap(path, self.kind, "r", self.start, (1,))
        rows = np.array(record["rows"][0][places])
        if not np.array_equal(_checksums(keys, rows), record["checksums"][0][places]):
            raise DamagedFileError(f"{path}: its checksums do not fit its rows")
        return rows


def _record_type(count, width, dtype):
    return np.dtype([("keys", "<i8", (count,)), ("checksums", "<u4", (count,)), ("rows", dtype, (count, width))])


def _checksums(keys, rows):
    """CRC-32 of each key with its row, (n,) uint32."""
    pairs = zip(np.ascontiguousarray(keys), np.ascontiguousarray(rows), strict=True)
    return np.array([zlib.crc32(row, zlib.crc32(key.tobytes())) for key, row in pairs], dtype="<u4")
