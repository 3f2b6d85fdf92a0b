"""Files of variants, read some rows at a time: VCF, plain or compressed, BCF, and tables of VCF's columns.

A row of VCF stays the bytes that it is: its first columns alone are looked at. htslib does what is binary or indexed.
"""

from functools import cached_property
from itertools import islice

from spex.errors import InputError, shown
from spex.files.atomic import beside
from spex.files.checks import STANDARD_INPUT, is_piped, keep_piped, require_file
from spex.files.hashes import file_sha256
from spex.inputs.agree import build_of, builds_named
from spex.inputs.alleles import alleles_of_row, as_text, no_chromosome
from spex.inputs.htslib import check_bgzf, check_index, is_bgzf, line_of, reading, rows_of_bcf
from spex.inputs.identify import BCF, LONGEST, identify, kind_of, look
from spex.inputs.normalise import find_regions, known_as, names_in
from spex.inputs.opening import DAMAGED, open_bytes, readable
from spex.inputs.swapped import others
from spex.inputs.vcf import EXPECTED, INFO, MARK, TITLES, check_beginning, contigs_of, read_header

BYTES = "latin-1"
"""An encoding of text that keeps all bytes."""

POSITION_DIGITS = 18

MOST_UNKNOWN = 100_000
"""Names of chromosomes that are kept; a file may have any number of others than the genome's."""

MOST_ALLELES, MOST_LETTERS = 1_000_000, 256 << 20
"""Of the rows that are in memory at once: alleles, and letters of REF and ALT."""


class VariantFile:
    """A VCF or BCF file.

    path: VCF, or a table of its first columns without a header, plain or compressed by gzip or bgzip, or BCF, by its
    content; "-" is standard input. chromsizes: name -> bp of the genome. regions: texts like "chr8:1-2000" (1-based,
    both ends included) or "chr8"; rows whose REF reaches into one are read, each once, by the file's index.

    about: argument and subject of errors. header: lines, as VCF has them. doubts: what its header says that does not
    fit the genome, as text. chroms: name in the rows that `blocks` has gone through -> name in the genome, or None.

    Raises:
        InputError: no such file, of another kind, cut short, of another genome build; a region that is none, or no
            index; pysam, which reads BCF and regions, is not installed.
    """

    def __init__(self, path, chromsizes, regions=()):
        self.chromsizes, self.regions = chromsizes, regions
        self._piped = is_piped(path)
        name = "standard input" if str(path) == STANDARD_INPUT else path
        self.about = {"argument": "variants", "subject": name}
        if self._piped:
            self.path = keep_piped(path, self, lambda head: check_beginning(head, self.about))
        else:
            self.path = require_file(path, "variants")
        self._row, self.chroms = None, {}
        try:
            with self._readable(self._place):
                self._look()
        except InputError:
            if not self._piped:  # it may be another input, which its error should say
                identify(others("variants"), look(self.path), self.about, EXPECTED)
            raise
        self.contigs = contigs_of(self.header)
        self.doubts = [*self._other_lengths(), *self._other_build()]
        self._stretches = self._find(regions) if regions else None

    @cached_property
    def sha256(self):
        """Hash of the file's content as it is stored, in hexadecimal."""
        return file_sha256(self.path)

    def blocks(self, size, note=None):
        """Yield lists of Allele: those of `size` rows each, in the file's order; the last may be of fewer rows.

        note: called with the number and line, samples and all, of each row, before its block is there.

        Raises:
            InputError: a row that cannot be read, the file is damaged or cut short, none of its chromosomes is known.
        """
        numbered = enumerate(self.rows(samples=note is not None))
        if note is not None:
            numbered = ((note(*row), row)[1] for row in numbered)
        block = self._alleles(islice(numbered, size))
        while block:
            following = self._alleles(islice(numbered, size))
            if not following and not any(self.chroms.values()):
                raise no_chromosome(self.chroms, self.chromsizes, self.about)
            yield block
            block = following

    def rows(self, *, samples=False):
        """Yield every row as bytes without its end; of BCF, as VCF has it. samples: those of BCF, too.

        Raises:
            InputError: a header line or too few columns where a row should be, the file is damaged or cut short.
        """
        number = 0

        def place():
            return f"after row {number}"

        with self._readable(place):
            for line in self._lines(samples, place):
                columns = line.count(b"\t") + 1
                if line.startswith(b"#"):
                    raise self._row_error("a header line", number, line, hint="take it out")
                if columns < self._width:
                    raise self._row_error(
                        f"{columns} columns",
                        number,
                        line,
                        expected=f"{self._width} between tabs, as {'its header' if self._taken else 'row 1'} has",
                        hint="correct it, or fetch the file again if it is cut short there",
                    )
                yield line + b"\t." * (len(TITLES) - columns)
                number += 1

    @property
    def undeclared(self):
        """Chromosomes that are in `chroms` and the header lacks: name -> bp, None where it is not known."""
        return {name: self.chromsizes.get(on) for name, on in self.chroms.items() if name not in self.contigs}

    def _called(self, chrom):
        """The genome's name of a chromosome, None where it has none."""
        if chrom in self.chroms:
            return self.chroms[chrom]
        on = known_as(chrom, self.chromsizes)
        if on is not None or len(self.chroms) < MOST_UNKNOWN:
            self.chroms[chrom] = on
        return on

    def _alleles(self, numbered):
        """Alleles of some rows. numbered: pairs of number and row."""
        alleles, letters = [], 0
        for number, line in numbered:
            chrom, pos, variant_id, ref, alts = map(as_text, line.split(b"\t", 5)[:5])
            letters += len(ref) + len(alts)
            if len(alleles) + alts.count(",") >= MOST_ALLELES or letters > MOST_LETTERS:
                raise self._row_error(
                    "too many or too long alleles",
                    number,
                    line,
                    expected=f"at most {MOST_ALLELES:,} alleles and {MOST_LETTERS >> 20} MB of bases in some rows",
                    hint="are they variants? Long ones are not scored and may be written as <DEL> and <INS>",
                )
            if not (pos.isascii() and pos.isdigit() and len(pos) <= POSITION_DIGITS):
                raise self._row_error(f"position '{shown(pos)}'", number, line, expected="a whole number from 0 up")
            on = self._called(chrom)
            info = as_text(line.split(b"\t", INFO + 1)[INFO]) if "<" in alts else "."
            alleles += alleles_of_row(
                number, variant_id or ".", chrom, int(pos), ref, alts, on, self.chromsizes.get(on), info
            )
        return alleles

    def _lines(self, samples, place):
        """Lines after the header without their ends; empty ones are passed over."""
        if self._stretches is not None:
            yield from self._lines_of_stretches(samples)
        elif self._bcf:
            with self._open_bcf(samples) as file:
                yield from map(line_of, file)
        else:
            with open_bytes(self.path, self.about, place) as file:
                for _ in range(self._taken):
                    file.readline()
                if not self._taken and file.peek(len(MARK))[: len(MARK)] == MARK:
                    file.read(len(MARK))
                for line in file:
                    if not line.isspace():
                        yield line.rstrip(b"\r\n")

    def _lines_of_stretches(self, samples):
        with self._open_indexed(self._index(), samples=samples) as file:
            for chrom, stretches in self._stretches.items():
                done = 0
                for start, end in stretches:
                    for row in file.fetch(chrom, start, end):
                        line = line_of(row) if self._bcf else row.encode(BYTES)
                        if int(line.split(b"\t", 2)[1]) > done:  # others reach here from the stretch before
                            yield line
                    done = end

    def _open_bcf(self, samples, **index):
        return reading("VariantFile", self.path, drop_samples=not samples, **index)

    def _open_indexed(self, index, *, samples=False):
        if self._bcf:
            return self._open_bcf(samples, index_filename=str(index))
        return reading("TabixFile", self.path, index=str(index), encoding=BYTES)

    def _place(self):
        return "at its beginning or its end" if self._row is None else f"after row {self._row}"

    def _look(self):
        """What the file is; its header's lines; how many lines of it they take; how many columns a row has at least."""
        with open_bytes(self.path, self.about, self._place) as file:
            kind, packed = kind_of(file.peek(LONGEST)[:LONGEST]), file.raw.packed
            self._bcf, self._bgzf = kind == BCF, packed is not None and is_bgzf(packed)
            if packed and not file.peek(1):
                kind = f"{kind} in it"
            if not self._bcf:
                self.header, self._taken, self._width = read_header(file, self.about, kind)
                return
            file.raw.lines = False
            for row in rows_of_bcf(file, self.about):
                self._row = row
            self._row = None
        with self._open_bcf(samples=True) as file:
            self.header = str(file.header).encode().splitlines()
        self._taken, self._width = len(self.header), len(TITLES)

    def _other_lengths(self):
        """What the header says of lengths of chromosomes that are not the genome's. Yields: text."""
        shared = names_in(self.chromsizes, [name for name, length in self.contigs.items() if length])
        other = [name for name, ours in shared.items() if self.contigs[name] != self.chromsizes[ours]]
        if not other:
            return
        name = other[0]
        lengths = f"{self.contigs[name]:,} bp long there and {self.chromsizes[shared[name]]:,} bp in the genome"
        if 2 * len(other) > len(shared):
            raise self.error(
                f"{shown(name)} is {lengths}",
                expected="variants on the same genome build",
                hint="is the file of another build?",
            )
        yield f"its header has other lengths of {len(other)} in {len(shared)} chromosomes ({shown(name)} is {lengths})"

    def _other_build(self):
        """What the header says of another build than the genome's. Yields: text."""
        lines = [as_text(line) for line in self.header if line.startswith((b"##reference", b"##assembly", b"##contig"))]
        named, ours = builds_named("\n".join(lines)), build_of(self.chromsizes)
        if ours is not None and named and ours not in named:
            yield f"its header says {' and '.join(sorted(named))}, the genome is {ours}"

    def _find(self, regions):
        """Stretches to read: dict of the file's name -> pairs of start and end, 0-based half-open, apart.

        Chromosomes that the file has no row of are left out.
        """
        index = self._index()
        check_index(index, self.about | {"subject": index})
        if not self._bcf:
            check_bgzf(self.path, self.about)
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
            regions, lambda chrom: known_as(chrom, names) or known_as(chrom, self.chromsizes), names or self.chromsizes
        )
        return {chrom: stretches for chrom, stretches in found.items() if chrom in there}

    def _index(self):
        """The newest index beside the file."""
        if self._piped or not self._bgzf:
            raise self.error("regions are read by an index, which it cannot have", hint=self._way_to_index())
        found = [index for ending in (".tbi", ".csi") if (index := beside(self.path, ending)).exists()]
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

    def _readable(self, place):
        return readable(self.about, place, (*DAMAGED, ValueError))  # of pysam

    def _row_error(self, found, number, line, **parts):
        return self.error(f"{found} in row {number + 1}, '{shown(as_text(line), 30)}'", **parts)

    def error(self, found, **parts):
        """An InputError about this file. parts: as of InputError."""
        return InputError(found, **self.about, **parts)
