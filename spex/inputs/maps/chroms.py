"""Chromosomes of maps whose format has no lengths: by names alone, and up to the ends that others have."""

import logging
from dataclasses import dataclass, field

from spex.errors import shown
from spex.inputs.maps.layout import map_error
from spex.inputs.normalise import known_as, some_of

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
    source: whose lengths these are, in words."""

    names: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    source: str = "the genome"

    def match(self, path, reached, *, strict=False, resolution=1):
        """Find a file's chromosomes among these.

        reached: name in the file -> the end that it reaches, in bp, and where in the file that stands; a chromosome has
        one name. strict: refuse a name that is unknown, where lengths are known; otherwise it is passed over.
        resolution: an end may be rounded up to whole bins of so many bp.

        Returns: name here -> name in the file.

        Raises:
            InputError: none of the genes' chromosomes is there, or one ends before the file does.
        """
        known = {**dict.fromkeys(self.names), **self.sizes}
        found = {known_as(name, known) or name: name for name in reached}
        if not known.keys() & found.keys():
            raise map_error(
                path,
                f"none of its chromosomes is known; it has {some_of(reached)}",
                expected=f"names like {some_of(known)}",
            )
        if self.names and not found.keys() & set(self.names):
            raise map_error(
                path,
                f"none of the genes lies on a chromosome of it: it has {some_of(reached)}, the genes "
                f"{some_of(self.names)}",
            )
        unknown = [name for spelled, name in found.items() if spelled not in known]
        if strict and self.sizes and unknown:
            raise map_error(
                path,
                f"{self.source} has no chromosome '{shown(unknown[0])}'; it has {some_of(self.sizes)}",
                expected="the same names in both",
            )
        renamed = [spelled for spelled, name in found.items() if spelled in known and spelled != name]
        if renamed:
            told = ", ".join(f"{shown(ours)} is {shown(found[ours])} there" for ours in renamed[:3])
            logger.info("%s: %s%s", path, told, ", ..." if len(renamed) > 3 else "")
        for spelled, name in found.items():
            self._check_end(path, spelled, name, *reached[name], resolution)
        return {spelled: name for spelled, name in found.items() if spelled in known}

    def _check_end(self, path, spelled, name, end, where, resolution):
        """Refuse what lies past the end of a chromosome, by more than whole bins do."""
        size = self.sizes.get(spelled, end)
        if end > size and end != -(-size // resolution) * resolution:
            raise map_error(
                path,
                f"{shown(name)} reaches to {end:,} bp {where} and is {size:,} bp long in {self.source}",
                expected="contacts on the same genome build, within the chromosome",
            )
