"""The upper triangle of a symmetric matrix: half of its size, in memory and on the disk, a column at a time."""

import mmap
import zlib

import numpy as np

from spex.files.atomic import whole_file
from spex.files.sealed import SEAL, SEAL_MARK, DamagedFileError

HEAD = 2
"""Numbers in front: how many more there are in front of the triangle, and its number of rows."""


def upper_triangle(matrix, dtype):
    """A copy in Fortran order, 0 below the diagonal, where no memory is taken. matrix: (n, n), Fortran order."""
    copy = _zeros(len(matrix), dtype)
    for column, values in enumerate(_columns(matrix)):
        copy[: column + 1, column] = values
    return copy


def save_triangle(path, head, matrix):
    """Write some numbers, the upper triangle of a matrix, and a seal. head: float64 (h,). matrix: float64 (n, n)."""
    checksum = 0
    with whole_file(path, durable=False) as file:
        for part in (np.array([len(head), len(matrix)], dtype=np.float64), head, *_columns(matrix)):
            file.write(part.data)
            checksum = zlib.crc32(part.data, checksum)
        file.write(SEAL.pack(SEAL_MARK, checksum))


def load_triangle(path):
    """Read what `save_triangle` wrote.

    Returns: the numbers; the matrix, float64 (n, n) in Fortran order, 0 below its diagonal.

    Raises:
        DamagedFileError: cut short, or with other bytes than were written.
        FileNotFoundError: there is no such file.
    """
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        sizes = np.frombuffer(file.read(8 * HEAD).ljust(8 * HEAD, b"\0"))
        count, rows = (int(each) if 0 <= each <= size else -1 for each in sizes)
        if size != 8 * (HEAD + count + rows * (rows + 1) // 2) + SEAL.size:
            raise DamagedFileError(f"{path}: {size} bytes are not the size that its header gives")
        checksum = zlib.crc32(sizes.tobytes())
        head, matrix = np.empty(count), _zeros(rows, np.float64)
        for part in (head, *_columns(matrix)):
            file.readinto(part.data.cast("B"))
            checksum = zlib.crc32(part.data, checksum)
        if file.read() != SEAL.pack(SEAL_MARK, checksum):
            raise DamagedFileError(f"{path}: its checksum does not fit its content")
    return head, matrix


def _zeros(rows, dtype):
    """A square matrix in Fortran order; memory is taken as its columns are filled, by small pages.

    NumPy asks for large pages (2 MB), each of which holds parts of several columns: the empty triangle would be there.
    """
    memory = mmap.mmap(-1, max(rows**2 * np.dtype(dtype).itemsize, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, dtype=dtype, count=rows**2).reshape(rows, rows, order="F")


def _columns(matrix):
    """Each column down to the diagonal, as a view."""
    return (matrix[: column + 1, column] for column in range(len(matrix)))
