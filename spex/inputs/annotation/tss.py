"""One TSS a gene, by a stated rule over its transcripts."""

from typing import NamedTuple

from spex.arguments import choice
from spex.inputs.choices import TSS_RULES

LACKING = {"mane": "without a MANE Select transcript", "canonical": "without an Ensembl canonical transcript"}
"""Why a rule leaves a gene out, in words that follow a number."""

MANE, CANONICAL = "MANE_Select", "Ensembl_canonical"


class Stretch(NamedTuple):
    """A gene or a transcript. start, end: 1-based, both included. tags: as the file has them, blanks as underscores."""

    start: int
    end: int
    type: str | None = None
    tags: frozenset[str] = frozenset()


def choose_tss(gene, strand, transcripts, rule="auto"):
    """The TSS of a gene: the 5' end of the transcript that a rule takes, of several the 5'-most one.

    gene: Stretch. strand: "+" or "-". transcripts: Stretches. rule: `mane` takes MANE Select, `canonical` Ensembl
    canonical, `5prime` all transcripts of the gene's own type, or all where none is, or the gene where it has none;
    `auto` the first of these three that there is.

    Returns: int, 1-based, or None where the rule takes none.
    """
    choice(rule, "tss_rule", TSS_RULES)
    taken = {
        "mane": [each for each in transcripts if MANE in each.tags],
        "canonical": [each for each in transcripts if CANONICAL in each.tags],
        "5prime": [each for each in transcripts if each.type == gene.type] or transcripts or [gene],
    }
    chosen = next(filter(None, taken.values())) if rule == "auto" else taken[rule]
    if not chosen:
        return None
    return min(each.start for each in chosen) if strand == "+" else max(each.end for each in chosen)
