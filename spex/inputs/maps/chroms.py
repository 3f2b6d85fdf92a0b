"""Chromosomes of maps whose format tells no lengths: by names alone, and up to the ends that others tell."""

import logging
from dataclasses import dataclass, field

from spex.errors import shown
from spex.inputs.maps.layout import map_error

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class Chromosomes:
    """What is known of the chromosomes. names: those of the genes. sizes: name -> bp, empty where nobody tells. source:
    whose lengths these are, in words."""

    names: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    source: str = "the genome"

    def match(self, path, reached, *, strict=False):
        """Find a file's chromosomes among these.

        reached: name in the file -> the end that it reaches, in bp, and where in the file that stands. strict: refuse a
        name that is unknown, where lengths are known; otherwise it is passed over. Where no name in
        the file begins with chr, 1 is chr1; where all do and none does here, chr1 is 1.

        Returns: name here -> name in the file.

        Raises:
            InputError: no name is known, or a chromosome ends before the file does.
        """
        known = {**dict.fromkeys(self.names), **self.sizes}
        found = {self._spelled(name, known, list(reached)): name for name in reached}
        if not known.keys() & found.keys():
            raise map_error(
                path,
                f"none of its chromosomes is known; it has {_listed(reached)}",
                expected=f"names like {_listed(known)}",
            )
        unknown = [name for spelled, name in found.items() if spelled not in known]
        if strict and self.sizes and unknown:
            raise map_error(
                path,
                f"{self.source} has no chromosome '{shown(unknown[0])}'; it has {_listed(self.sizes)}",
                expected="the same names in both",
            )
        renamed = [spelled for spelled, name in found.items() if spelled in known and spelled != name]
        if renamed:
            told = ", ".join(f"{shown(ours)} is {shown(found[ours])} there" for ours in renamed[:3])
            logger.info("%s: %s%s", path, told, ", ..." if len(renamed) > 3 else "")
        for spelled, name in found.items():
            end, where = reached[name]
            if end > self.sizes.get(spelled, end):
                raise map_error(
                    path,
                    f"{shown(name)} reaches to {end:,} bp {where} and is {self.sizes[spelled]:,} bp long in "
                    f"{self.source}",
                    expected="contacts on the same genome build",
                )
        return {spelled: name for spelled, name in found.items() if spelled in known}

    @staticmethod
    def _spelled(name, known, names):
        """How a name in the file is spelled here."""
        if name in known:
            return name
        if not any(each.startswith("chr") for each in names):
            return f"chr{name}"
        if all(each.startswith("chr") for each in names) and not any(each.startswith("chr") for each in known):
            return name.removeprefix("chr")
        return name


def _listed(names):
    names = list(names)
    return ", ".join(map(shown, names[:5])) + (", ..." if len(names) > 5 else "")
