"""HDF5 files of users, opened in one way: read only, without a lock, whole in one file, in chunks of bounded size.

HDF5 follows links into other files, and reads columns out of them, silently. The hash of the file that was given
says nothing of what lies there, so such a file is refused.
"""

import contextlib
import errno
import fcntl
import math
import os
import warnings

import h5py

from spex.errors import InputError, not_installed, shown
from spex.inputs.identify import HDF5, recognise

LARGEST_CHUNK = 256 << 20
"""Bytes that a chunk may expand to, which are in memory at once; those of cooler and AnnData take some megabytes."""

MOST_LINKS = 5_000_000
MOST_UNFOLDING, UNFOLDED = 500, 1 << 30
"""Data that are read into memory whole may be so many times as large as what they are stored as, past `UNFOLDED`."""


@contextlib.contextmanager
def open_hdf5(path, about):
    """An HDF5 file for reading, for the length of a block; without a lock, which some file systems do not have.

    about: argument and subject of errors.

    Raises:
        InputError: another program has it open for writing.
        OSError: the file cannot be opened, or is no HDF5 file; then without a number.
    """
    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        if error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        if "already open for write" in str(error):
            raise InputError(
                "another program has it open for writing, or was stopped while it had",
                **about,
                hint=f"wait until that one ends; if there is none any more: h5clear -s {path}",
            ) from error
        raise
    with file:
        yield file


def names_at_top(path):
    """Names of the groups and data sets at the top of a file; none of one that is no HDF5 file, or cannot be opened."""
    with contextlib.suppress(ValueError, OSError, RuntimeError, KeyError):  # damaged: its reader says so
        if recognise(path) == HDF5:
            with open_hdf5(path, {}) as file:
                return set(file)
    return set()


@contextlib.contextmanager
def open_anndata(path, about, expected, *, names_only=False):
    """The AnnData of a file, for the length of a block.

    about: argument and subject of errors. expected: as text, for errors. names_only: leave its matrix on disk, where a
    sparse one cannot be sliced.

    Raises:
        InputError: AnnData is not installed; the file is damaged, or some of it lies in another one.
    """
    try:
        from anndata import read_h5ad  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise not_installed("anndata", "reads it", "anndata", **about) from error
    try:
        with open_hdf5(path, about) as file:
            check_whole(file, about, in_memory=True)
        with warnings.catch_warnings(action="ignore"):  # of names that occur twice, and of AnnData itself by pandas
            data = read_h5ad(path, backed="r" if names_only else None)
            try:
                yield data
            finally:
                if names_only:
                    data.file.close()
    except InputError:
        raise
    except Exception as error:  # h5py and anndata raise whatever a damaged group or dataset leads them to
        said = shown(str(error).splitlines()[0] if str(error) else type(error).__name__)
        raise InputError(f"not readable as AnnData ({said})", **about, expected=expected) from error


def check_unlocked(path, about):
    """Refuse a file that another program has open for writing: what is read may be gone the next moment."""
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise InputError(
                    "locked: another program has it open for writing, so it may change at any moment",
                    **about,
                    hint="wait until that one ends, or give a copy",
                ) from error  # other errors say that this file system has no locks


def check_whole(file, about, *, in_memory=False):
    """Refuse a file some of whose data lie in another one, or in chunks that expand without bounds.

    file: h5py.File. about: argument and subject of errors. in_memory: whether it will be read whole.

    Raises:
        InputError: a link to another file, a virtual data set, one in external storage, or one that is too large.
    """
    stored = unfolded = 0
    for name, kind in _links(file, about):
        if kind == h5py.h5l.TYPE_SOFT:
            continue  # leads to what is looked at by itself, or through a link that is refused
        if kind != h5py.h5l.TYPE_HARD:
            raise _elsewhere(f"/{shown(name)} is a link to another file{_target(file, name)}", about)
        found = file[name]
        if isinstance(found, h5py.Dataset):
            _check_data(found, name, about)
            stored += found.id.get_storage_size()
            unfolded += (found.size or 0) * found.dtype.itemsize  # of an empty one there is none
    if in_memory and unfolded > max(UNFOLDED, MOST_UNFOLDING * stored):
        raise InputError(
            f"{stored >> 20:,} MB of data expand to {unfolded >> 20:,} MB",
            **about,
            expected=f"data that are less than {MOST_UNFOLDING} times as large as what they are stored as",
        )


def _links(file, about):
    """Name and kind of every link in a file, once."""
    links = []

    def note(name, info):
        links.append((os.fsdecode(name), info.type))
        return True if len(links) > MOST_LINKS else None  # which ends it; h5py cannot bear an error that is raised here

    if file.id.links.visit(note, info=True):
        raise InputError(f"more than {MOST_LINKS:,} groups and data sets in it", **about, expected="fewer")
    return links


def _check_data(data, name, about):
    if data.is_virtual or data.external:
        raise _elsewhere(f"the data of /{shown(name)} lie in another file", about)
    chunk = math.prod(data.chunks or ()) * data.dtype.itemsize
    if data.chunks and chunk > LARGEST_CHUNK:
        raise InputError(
            f"/{shown(name)} is stored in chunks of {chunk >> 20:,} MB",
            **about,
            expected=f"chunks of at most {LARGEST_CHUNK >> 20} MB",
            hint="rewrite it with smaller ones: h5repack -l CHUNK=100000 FILE new-file",
        )


def _target(file, name):
    """The name of the file that an external link leads to, after a comma, as far as it is known."""
    link = file.get(name, getlink=True)
    return f", {shown(link.filename, 200)}" if isinstance(link, h5py.ExternalLink) else ""


def _elsewhere(found, about):
    return InputError(
        found,
        **about,
        expected="data that are whole in one file",
        hint="give that file, or copy everything into one (cooler cp, h5repack)",
    )
