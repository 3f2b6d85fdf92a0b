"""Files of variants, read some rows at a time, and copied with what was found: VCF, plain or compressed, and BCF.

A row of VCF stays the bytes that it is: its first columns alone are looked at, and a copy differs in INFO alone. pysam
does what is binary or indexed: BCF, regions, bgzip.
"""

import errno
import os
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import islice
from pathlib import Path

from spex.errors import InputError, shown
from spex.files.atomic import temporary_path, whole_file
from spex.files.checks import require_file
from spex.files.hashes import file_sha256
from spex.files.piped import STANDARD_INPUT, is_piped, keep_piped
from spex.inputs.agree import some_of
from spex.inputs.alleles import OK, Allele, alleles_of_row
from spex.inputs.chromosomes import names_in
from spex.inputs.kinds import COMPRESSED, recognise
from spex.inputs.opening import DAMAGED, OPENERS, open_bytes
from spex.inputs.regions import find_regions
from spex.inputs.vcf_text import TITLES, annotated_header, annotated_row, as_text, contigs_of, info_entry, read_header

__all__ = ["OK", "Allele", "VariantFile", "check_target", "info_entry", "write_annotated"]

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that bgzip ends a file with."""

GZIPPED = COMPRESSED[b"\x1f\x8b"]
BGZF, BCF = (".gz", ".bgz"), (".bcf",)
"""Endings of the names of copies that are compressed by bgzip, or BCF."""

INSTEAD_OF_BCF = "write VCF: give a name that ends in .vcf.gz"

BYTES = "latin-1"
"""An encoding of text that keeps all bytes."""

POSITION_DIGITS = 18


class VariantFile:
    """A VCF or BCF file.

    path: VCF, plain or compressed by gzip or bgzip, or BCF, told by content; "-" is standard input. chromsizes: name ->
    bp of the genome. regions: texts like "chr8:1-2000" (1-based, both ends included) or "chr8"; rows whose REF reaches
    into one are read, each once, by the file's index. spool: folder for the copy of standard input or of a pipe, the
    system's for temporary files without it; the copy goes with this object.

    Raises:
        InputError: no such file, of another kind, cut short, of another genome build; a region that is none, or no
            index; pysam, which reads BCF and regions, is not installed.
    """

    def __init__(self, path, chromsizes, regions=(), spool=None):
        self.chromsizes = chromsizes
        self._piped = is_piped(path)
        self._about = {"argument": "variants", "subject": "standard input" if str(path) == STANDARD_INPUT else path}
        self.path = keep_piped(path, spool, self) if self._piped else require_file(path, "variants")
        self._packed = recognise(self.path) in OPENERS
        self._where = lambda: "at its beginning or its end"
        with self._readable():
            with self._open() as file:
                self._bcf = file.read(3) == b"BCF"
            self._bgzf = recognise(self.path) == GZIPPED and self._is_bgzf()
            self.header = self._read_header()
        self.contigs = contigs_of(self.header)
        self._check_lengths()
        self._stretches = self._find(regions) if regions else None

    @cached_property
    def sha256(self):
        """Hash of the file's content as it is stored, in hexadecimal."""
        return file_sha256(self.path)

    def blocks(self, size):
        """Yield lists of Allele: those of `size` rows each, in the file's order; the last may be of fewer rows.

        Raises:
            InputError: a row that cannot be read, the file is damaged or cut short, none of its chromosomes is known.
        """
        on = {}
        numbered = enumerate(self.rows())
        block = self._alleles(islice(numbered, size), on)
        while block:
            following = self._alleles(islice(numbered, size), on)
            if not following and not any(on.values()):
                raise self.error(
                    f"none of its chromosomes is in the genome; it has {some_of(on)}",
                    expected=f"names like {some_of(self.chromsizes)}",
                )
            yield block
            block = following

    def rows(self, *, samples=False):
        """Yield every row as bytes without its end; of BCF, as VCF has it. samples: those of BCF, too.

        Raises:
            InputError: a header line or too few columns where a row should be, the file is damaged or cut short.
        """
        number = 0
        width = len(TITLES) if self._bcf else self.header[-1].count(b"\t") + 1
        self._where = lambda: f"behind row {number}"
        with self._readable():
            for line in self._lines(samples):
                columns = line.count(b"\t") + 1
                if line.startswith(b"#"):
                    raise self._row_error("a header line", number, line, hint="take it out")
                if columns < width:
                    raise self._row_error(
                        f"{columns} columns",
                        number,
                        line,
                        expected=f"{width} between tabs, as its header has",
                        hint="correct it, or fetch the file again if it is cut short there",
                    )
                yield line
                number += 1

    def called(self, chrom):
        """The genome's name of a chromosome, None where it has none."""
        return names_in(self.chromsizes, [chrom]).get(chrom)

    def _alleles(self, numbered, on):
        """Alleles of some rows. numbered: pairs of number and row. on: name in the file -> in the genome, added to."""
        alleles = []
        for number, line in numbered:
            chrom, pos, variant_id, ref, alts = map(as_text, line.split(b"\t", 5)[:5])
            if not (pos.isascii() and pos.isdigit() and len(pos) <= POSITION_DIGITS):
                raise self._row_error(f"position '{shown(pos)}'", number, line, expected="a whole number from 0 up")
            if chrom not in on:
                on[chrom] = self.called(chrom)
            length = self.chromsizes.get(on[chrom])
            alleles += alleles_of_row(number, variant_id or ".", chrom, int(pos), ref, alts, on[chrom], length)
        return alleles

    def _lines(self, samples):
        """Lines behind the header without their ends; empty ones are passed over."""
        if self._stretches is not None:
            yield from self._lines_of_stretches(samples)
        elif self._bcf:
            with self._open_bcf(samples) as file:
                yield from map(_line, file)
        else:
            with self._open() as file:
                for _ in self.header:
                    file.readline()
                for line in file:
                    if not line.isspace():
                        yield line.rstrip(b"\r\n")

    def _lines_of_stretches(self, samples):
        with self._open_indexed(self._index(), samples=samples) as file:
            for chrom, stretches in self._stretches.items():
                done = 0
                for start, end in stretches:
                    for row in file.fetch(chrom, start - 1, end):
                        line = _line(row) if self._bcf else row.encode(BYTES)
                        if int(line.split(b"\t", 2)[1]) > done:  # others reach here from the stretch before
                            yield line
                    done = end

    def _open(self):
        return open_bytes(self.path, self._about, self._where)

    def _open_bcf(self, samples, **index):
        return _reading("VariantFile", self.path, drop_samples=not samples, **index)

    def _open_indexed(self, index, *, samples=False):
        if self._bcf:
            return self._open_bcf(samples, index_filename=str(index))
        return _reading("TabixFile", self.path, index=str(index), encoding=BYTES)

    def _read_header(self):
        if self._bcf:
            with self._open_bcf(samples=True) as file:
                return str(file.header).encode().splitlines()
        with self._open() as file:
            kind = recognise(self.path)
            if self._packed:
                kind = None if file.peek(1) else "an empty file in it"
            return read_header(file, self._about, kind)

    def _is_bgzf(self):
        """Whether a compressed file is one of bgzip.

        Raises:
            EOFError: it lacks the block that ends it; cut between two blocks, it would read as a whole.
        """
        with open(self.path, "rb") as file:
            head = file.read(18)
            if not head[3] & 4 or head[12:14] != b"BC":
                return False
            file.seek(max(self.path.stat().st_size - len(BGZF_END), 0))
            if file.read() != BGZF_END:
                raise EOFError("the block that bgzip puts at the end is missing")
            return True

    def _check_lengths(self):
        """Refuse a file most of whose chromosomes are of other lengths than the genome's."""
        shared = {name: self.called(name) for name, length in self.contigs.items() if length and self.called(name)}
        other = [name for name, ours in shared.items() if self.contigs[name] != self.chromsizes[ours]]
        if 2 * len(other) > len(shared):
            name = other[0]
            raise self.error(
                f"{shown(name)} is {self.contigs[name]:,} bp long there and {self.chromsizes[shared[name]]:,} bp in "
                "the genome",
                expected="variants on the same genome build",
                hint="is the file of another build?",
            )

    def _find(self, regions):
        """Stretches to read: dict of the file's name -> pairs of start and end, 1-based, both included, apart.

        Chromosomes that the file has no row of are left out.
        """
        index = self._index()
        try:
            with self._open_indexed(index) as file:
                there = dict.fromkeys(self.contigs if self._bcf else file.contigs)
                if self._bcf and file.index is None:
                    raise ValueError("not an index")
        except InputError:
            raise
        except ValueError as error:
            raise self.error(
                f"its index {index.name} cannot be read ({shown(error)})", hint=self._way_to_index(again=True)
            ) from error
        names = {**there, **self.contigs}
        found = find_regions(
            regions, lambda chrom: names_in(names, [chrom]).get(chrom) or self.called(chrom), names or self.chromsizes
        )
        return {chrom: stretches for chrom, stretches in found.items() if chrom in there}

    def _index(self):
        """The newest index beside the file.

        Raises:
            InputError: there is none, or the file is newer, or of a kind that none can be made of.
        """
        if self._piped or not self._bgzf:
            raise self.error("regions are read by an index, which it cannot have", hint=self._way_to_index())
        places = [self.path.with_name(self.path.name + ending) for ending in (".tbi", ".csi")]
        found = [place for place in places if place.exists()]
        if not found:
            raise self.error("no index, by which regions are read", hint=self._way_to_index())
        newest = max(found, key=lambda place: place.stat().st_mtime)
        if newest.stat().st_mtime < self.path.stat().st_mtime:
            raise self.error(f"its index {newest.name} is older than it", hint=self._way_to_index(again=True))
        return newest

    def _way_to_index(self, *, again=False):
        if self._piped or not self._bgzf:
            return "compress it with bgzip, then make one with: tabix -p vcf FILE"
        return f"make one with: tabix {'-f ' if again else ''}-p {'bcf' if self._bcf else 'vcf'} {self.path}"

    @contextmanager
    def _readable(self):
        """A block in which what is wrong with the file is told as the user's input."""
        try:
            yield
        except InputError:
            raise
        except (*DAMAGED, ValueError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # of the disk; gzip raises others
                raise
            raise self.error(
                f"damaged or cut short {self._where()} ({shown(error)})",
                expected="a whole file",
                hint="fetch or copy it again",
            ) from error

    def _row_error(self, found, number, line, **parts):
        return self.error(f"{found} in row {number + 1}, '{shown(as_text(line), 30)}'", **parts)

    def error(self, found, **parts):
        """An InputError about this file. parts: as of InputError."""
        return InputError(found, **self._about, **parts)


def check_target(path):
    """Refuse early what `write_annotated` could not write at the end. path: of the copy.

    Raises:
        InputError: pysam, which a compressed copy needs, is not installed.
    """
    if Path(path).suffix.lower() in (*BGZF, *BCF):
        _pysam()


def write_annotated(source, target_path, size, infos):
    """Write a copy of a variant file with the field SPEX in INFO, described in its header; an earlier one is replaced.

    source: VariantFile; of one that reads regions, their rows. target_path: ends in .gz for VCF by bgzip, in .bcf for
    BCF, else plain VCF; appears whole. size: rows a block. infos: for every block, dict of row number -> entries of
    `info_entry`; rows without entries lose an earlier field only. Chromosomes that the header lacks are added to it.

    Raises:
        InputError: as `VariantFile.rows`; a row that BCF cannot hold; pysam is not installed.
    """
    check_target(target_path)
    target_path = Path(target_path)
    lines = _annotated_lines(source, size, infos)
    ending = target_path.suffix.lower()
    with whole_file(target_path) as file:
        if ending in BGZF:
            _write_bgzf(target_path, os.path.abspath(file.name), lines)
        elif ending in BCF:
            _write_bcf(source, target_path, str(file.name), lines)
        else:
            file.writelines(lines)


def _annotated_lines(source, size, infos):
    """Lines of the copy, with their ends."""
    chroms = dict.fromkeys(as_text(line.split(b"\t", 1)[0]) for line in source.rows())
    undeclared = {name: source.chromsizes.get(source.called(name)) for name in chroms if name not in source.contigs}
    for line in annotated_header(source.header, undeclared):
        yield line + b"\n"
    numbered = enumerate(source.rows(samples=True))
    for entries in infos:
        for number, line in islice(numbered, size):
            yield annotated_row(line, entries.get(number, ())) + b"\n"
    for _ in numbered:
        raise ValueError("fewer blocks of entries than of rows")


def _write_bgzf(target_path, path, lines):
    """Write lines as bgzip does. target_path: what errors name. path: of the file."""
    try:
        with _pysam().BGZFile(path, "wb") as file:
            for line in lines:
                file.write(line)
    except OSError as error:
        if error.errno is not None:
            raise
        raise OSError(errno.EIO, str(error), str(target_path)) from error  # pysam does not tell what the disk said


def _write_bcf(source, target_path, path, lines):
    """Write lines of VCF as BCF. Its header must declare all that rows name: htslib notes it when it reads them.

    target_path: what temporary files are named after. path: of the BCF.
    """
    draft, declared = temporary_path(target_path), temporary_path(target_path)
    try:
        with open(draft, "xb") as file:
            file.writelines(lines)
        header = _declaring_header(source, draft)
        with open(draft, "rb") as file, open(declared, "xb") as whole:
            whole.write(header)
            whole.writelines(line for line in file if not line.startswith(b"#"))
        _convert(source, declared, path)
    finally:
        draft.unlink(missing_ok=True)
        declared.unlink(missing_ok=True)


def _declaring_header(source, path):
    """The header of a VCF file, and what its rows name beside it, as bytes."""
    number = 0
    try:
        with _reading("VariantFile", path) as rows:
            for _ in rows:
                number += 1
            return str(rows.header).encode()
    except ValueError as error:
        raise source.error(f"row {number + 1} does not fit into BCF ({shown(error)})", hint=INSTEAD_OF_BCF) from error


def _convert(source, vcf, bcf):
    """Write VCF as BCF by bcftools: pysam's own writer adds END to symbolic alleles, declared or not."""
    pysam = _pysam()
    from pysam import bcftools  # noqa: PLC0415 (an extra)

    arguments = ("--no-version", "-O", "b", "-o", os.path.abspath(bcf), os.path.abspath(vcf))
    try:
        bcftools.view(*arguments, catch_stdout=False)
    except pysam.SamtoolsError as error:
        raise source.error(f"cannot be kept as BCF ({shown(error, 200)})", hint=INSTEAD_OF_BCF) from error


def _line(record):
    """A record of BCF as a line of VCF."""
    return str(record).rstrip("\n").encode()


@contextmanager
def _reading(kind, path, **options):
    """A file that pysam reads. kind: name of pysam's class. options: of that.

    Raises:
        ValueError: whatever pysam finds wrong. Its OSErrors may carry the number of an error long past.
    """
    file = None
    try:
        file = getattr(_pysam(), kind)(os.path.abspath(path), **options)  # some relative paths are addresses to htslib
        yield file
        file.close()
    except (OSError, RuntimeError) as error:
        raise ValueError(str(error)) from error
    finally:
        if file is not None:
            with suppress(OSError):  # what was wrong is told already
                file.close()


def _pysam():
    try:
        import pysam  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise InputError(
            "pysam, which reads BCF and regions and writes compressed copies, is not installed",
            argument="variants",
            hint="get it with: pip install 'pysam>=0.23'",
        ) from error
    pysam.set_verbosity(0)  # htslib would print beside what it raises
    return pysam
