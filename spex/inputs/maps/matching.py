"""Chromosomes of contact maps matched with those of the genes: one name for each, and lengths of the same genome."""

import logging
from dataclasses import dataclass, field, replace

import numpy as np

from spex.contacts.collect import report_accounts
from spex.contacts.maps import MapReader, Pixels, joined
from spex.contacts.sheet import count_map
from spex.errors import listed, shown
from spex.inputs.agree import same_length
from spex.inputs.maps.reader import map_error
from spex.inputs.normalise import known_as, names_in
from spex.progress import progress

logger = logging.getLogger("spex")


class Spellings:
    """Names of chromosomes in one file, where one may have several: 1 beside chr1, blanks around it.

    A chromosome is called as where it stands first. twice: name -> another one that it has in the file.
    """

    def __init__(self):
        self.twice, self._names = {}, {}

    def of(self, written):
        """The chromosome's name in the file, for one that is written there."""
        name = written.strip()
        known = known_as(name, self._names) or name
        self._names[known] = None
        if known != name:
            self.twice.setdefault(known, name)
        return known


@dataclass(frozen=True)
class Chromosomes:
    """What is known of the chromosomes. names: those of the genes. sizes: name -> bp, empty where it is not known.
    source: whose lengths these are, as text."""

    names: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    source: str = "the genome"

    def match(self, path, reached, *, strict=False, resolution=1):
        """Find the chromosomes of a file without lengths among these. Returns: name here -> name in the file.

        reached: name in the file -> the end that it reaches, in bp, and where in the file that stands. strict: refuse a
        name that is unknown, where lengths are known; otherwise it is ignored. resolution: an end may be rounded up to
        whole bins of so many bp.

        Raises:
            InputError: none of the genes' chromosomes is there, or one ends before the file does.
        """
        known = {**dict.fromkeys(self.names), **self.sizes}
        found = {known_as(name, known) or name: name for name in reached}
        require_any(found.keys() & set(self.names or known), path, reached, self.names or known)
        unknown = [name for spelled, name in found.items() if spelled not in known]
        if strict and self.sizes and unknown:
            raise map_error(
                path,
                f"{self.source} has no chromosome '{shown(unknown[0])}'; it has {listed(self.sizes, 5)}",
                expected="the same names in both",
            )
        names = {spelled: name for spelled, name in found.items() if spelled in known}
        _log_renamed(path, names)
        for spelled, name in names.items():
            (end, where), size = reached[name], self.sizes.get(spelled)
            if size is not None and end > size and not same_length(end, size, resolution):
                raise map_error(
                    path,
                    f"{shown(name)} reaches to {end:,} bp {where} and is {size:,} bp long in {self.source}",
                    expected="contacts on the same genome build, within the chromosome",
                )
        return names


class MapWithoutLengths(MapReader):
    """A map whose format has no lengths of chromosomes; they are matched with what is known when it is read.

    Readers have `_read`: what the files contain by chromosome, and an Account of each; read when first asked for.
    """

    has_lengths = False
    _chromosomes = None

    def accounts(self):
        return self._read[1]

    def fit(self, chromosomes):
        """Say before anything is read which Chromosomes there are; without it all of the file are used by its names."""
        self._chromosomes = chromosomes

    def used(self, path, reached, rows, account, **options):
        """The chromosomes that are used, name here -> name in the file; rows of others are left out in the account.

        reached, options: as of `Chromosomes.match`. rows: name in the file -> how many.
        """
        known = self._chromosomes
        if known is None:
            return {name: name for name in reached}
        names = known.match(path, reached, **options)
        here = {theirs: ours for ours, theirs in names.items()}
        for name in reached:
            if here.get(name) not in known.names:
                lacking = known.sizes and name not in here
                reason = f"on chromosomes that {known.source} lacks" if lacking else "on chromosomes without genes"
                account.leave_out(reason, rows[name], [name])
        return {ours: theirs for ours, theirs in names.items() if ours in known.names}


def agree_maps(maps, genes, genome_sizes=None):
    """Contact maps with their chromosomes called as the genes call them; refuses those of another genome.

    `1` and `chr1` are one chromosome where their lengths are the same, which is logged; chromosomes without genes are
    ignored, and of those that a map lacks its genes have no contacts in it. A length that is the genome's rounded up to
    whole bins is the genome's. genome_sizes: chromosome name -> bp; without it the maps are compared with the first
    that has lengths.

    Returns: list of maps; one without lengths is given them, and refuses what does not fit when it is read.

    Raises:
        InputError: no gene's chromosome is in a map, or one has another length there than in the genome, or a TSS lies
            past its end.
    """
    chroms, sizes, agreed = genes["chrom"].unique(), genome_sizes, []
    source = "the first map" if genome_sizes is None else "the genome"
    for map_ in maps:
        if map_.has_lengths:
            names = _names_of(map_, chroms)
            _log_renamed(map_.path, names)
            lengths = _rounded_lengths(map_, names, sizes or {}, source)
            map_ = RenamedMap(map_, names, [chrom for chrom in chroms if chrom not in names], lengths)  # noqa: PLW2901
            _check_tss_within(map_, genes)
            if genome_sizes is None:
                sizes = {**map_.chromsizes, **(sizes or {})}
        agreed.append(map_)
    for map_ in agreed:
        if not map_.has_lengths:
            map_.fit(Chromosomes(chroms.tolist(), sizes or {}, source))
    return agreed


def read_sheet(map_, genes, resolution, profiler=None):
    """Count what an opened map contains. genes: DataFrame with id, chrom, tss, or None. profiler: as of `count_map`.

    Returns: MapSheet.

    Raises:
        InputError: none of the genes lies on a chromosome of the map, or one past the end of its chromosome.
    """
    if genes is not None:
        map_ = RenamedMap(map_, _names_of(map_, genes["chrom"].unique()))
        if map_.has_lengths:
            _check_tss_within(map_, genes)
    with progress(map_.pixel_count(list(map_.chromsizes)), "pixels", str(map_.path)) as advance:
        sheet = count_map(map_, genes, resolution, advance, profiler)
    return replace(sheet, accounts=report_accounts([map_]))


class RenamedMap:
    """A MapReader with its chromosomes called as the genes call them; all else is the map's own.

    names: here -> in the file; those left out keep their names. absent: chromosomes of the genes that the file does not
    have, which are read as without a pixel. lengths: name here -> bp, in place of the file's.
    """

    def __init__(self, map_, names, absent=(), lengths=None):
        self._map, self._names, self._absent = map_, names, frozenset(absent)
        here = {theirs: ours for ours, theirs in names.items()}
        own = {here.get(name, name): length for name, length in map_.chromsizes.items()}
        self.chromsizes = own | (lengths or {})

    def __getattr__(self, name):
        return getattr(self._map, name)

    def pixel_count(self, chroms):
        return self._map.pixel_count(self._in_file(chroms))

    def pixels_of(self, chrom, tss_bins, advance):
        return self._read("pixels_of", chrom, joined([]), tss_bins, advance)

    def parts(self, chrom, advance):
        return self._read("parts", chrom, [Pixels(*joined([]))], advance)

    def all_parts(self, chrom, advance):
        return self._read("all_parts", chrom, [Pixels(*joined([]))], advance)

    def depth(self, chroms, advance):
        return self._map.depth(self._in_file(chroms), advance)

    def balancing(self, chrom):
        return self._read("balancing", chrom, np.empty(0))

    def _read(self, verb, chrom, nothing, *parameters):
        """What the map gives of a chromosome; `nothing` of one that the file lacks."""
        there = self._in_file([chrom])
        return getattr(self._map, verb)(*there, *parameters) if there else nothing

    def _in_file(self, chroms):
        """Names in the file of those that it has."""
        return [self._names.get(chrom, chrom) for chrom in chroms if chrom not in self._absent]


def _names_of(map_, chroms):
    """What chromosomes of the genes are called in a map: dict of name -> name there, of those that it has."""
    names = names_in(map_.chromsizes, chroms)
    require_any(names, map_.path, map_.chromsizes, chroms)
    return names


def require_any(found, path, there, chroms):
    """Refuse a map that has no chromosome of the genes."""
    if not found:
        raise map_error(
            path,
            f"none of the genes lies on a chromosome of it: it has {listed(there, 5)}, the genes {listed(chroms, 5)}",
            expected="the same names in both, but for chr in front",
        )


def _log_renamed(path, names):
    """Log which chromosomes have other names in a file. names: here -> there."""
    renamed = [f"{shown(ours)} is {shown(theirs)} there" for ours, theirs in names.items() if ours != theirs]
    if renamed:
        logger.info("%s: %s", path, listed(renamed, 3))


def _rounded_lengths(map_, names, sizes, source):
    """True lengths of the chromosomes whose length in a map is rounded up to whole bins: dict of name here -> bp.

    names: here -> in the map. sizes: name here -> bp; any other length is refused.
    """
    other = _other_lengths(map_, names, sizes, source)
    if other:
        logger.info("%s: lengths of its chromosomes are rounded up to whole bins of %d bp", map_.path, map_.resolution)
    return {ours: sizes[ours] for ours in other}


def _other_lengths(map_, names, sizes, source):
    """The chromosomes whose length is another one by rounding alone, list of names here; any other is refused."""
    found = {ours: map_.chromsizes[theirs] for ours, theirs in names.items() if ours in sizes}
    other = [ours for ours, length in found.items() if length != sizes[ours]]
    unlike = [ours for ours in other if not same_length(found[ours], sizes[ours], map_.resolution)]
    if unlike:
        raise map_error(
            map_.path,
            f"{shown(unlike[0])} is {found[unlike[0]]:,} bp long there and {sizes[unlike[0]]:,} bp in {source}"
            + (f"; so are {len(unlike) - 1:,} more of {len(found):,} chromosomes" if len(unlike) > 1 else ""),
            expected="a map of the same genome build" if len(unlike) == len(found) else "the same lengths in both",
        )
    return other


def check_one_build(maps):
    """Refuse maps whose chromosomes have other lengths than in the first one: how alike they are would mean nothing.

    maps: MapReaders of one resolution; those without lengths agree with any.
    """
    first, *others = [each for each in maps if each.has_lengths] or [None]
    for map_ in others:
        _other_lengths(map_, names_in(map_.chromsizes, first.chromsizes), first.chromsizes, first.path)


def _check_tss_within(map_, genes):
    """Refuse genes that lie past the end of their chromosome in a map: it is of another build or species."""
    lengths = genes["chrom"].map(map_.chromsizes).to_numpy(float)  # NaN where the map has no such chromosome
    past = genes["tss"].to_numpy() > lengths
    if past.any():
        gene, length = genes.iloc[past.argmax()], lengths[past.argmax()]
        raise map_error(
            map_.path,
            f"{past.sum():,} of {len(genes):,} genes lie past the end of their chromosome in it, such as {gene['id']}: "
            f"its TSS is {gene['tss']:,}, and {shown(gene['chrom'])} is {length:,.0f} bp long there",
            expected="a map and genes of the same genome build",
        )
