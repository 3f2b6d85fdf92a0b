"""One TSS a gene, against a walk over its transcripts."""

import numpy as np
import pytest
from oracles import chosen_tss

from spex.errors import InputError
from spex.inputs.annotation import TSS_RULES, Stretch, choose_tss

TAGS = ("MANE_Select", "Ensembl_canonical", "basic")


def random_stretch(generator):
    start = int(generator.integers(1, 50))
    tags = frozenset(tag for tag in TAGS if generator.random() < 0.2)
    return Stretch(start, start + int(generator.integers(0, 50)), str(generator.choice(["lncRNA", "retained"])), tags)


@pytest.mark.parametrize("rule", TSS_RULES)
def test_every_rule_takes_what_the_oracle_takes(rule):
    generator = np.random.default_rng(2)
    found = []
    for _ in range(300):
        gene = random_stretch(generator)._replace(type="lncRNA")
        transcripts = [random_stretch(generator) for _ in range(generator.integers(0, 4))]
        for strand in "+-":
            found.append(choose_tss(gene, strand, transcripts, rule))
            assert found[-1] == chosen_tss(gene, strand, transcripts, rule)
    assert (None in found) == (rule in ("mane", "canonical"))


def test_by_hand():
    gene = Stretch(100, 900, "protein_coding")
    mane = Stretch(300, 800, "protein_coding", frozenset({"MANE_Select", "Ensembl_canonical"}))
    decay = Stretch(100, 900, "nonsense_mediated_decay")
    coding = Stretch(200, 850, "protein_coding")
    assert [choose_tss(gene, strand, [decay, coding, mane]) for strand in "+-"] == [300, 800]
    assert [choose_tss(gene, strand, [decay, coding, mane], "5prime") for strand in "+-"] == [200, 850]
    assert [choose_tss(gene, strand, [decay], "5prime") for strand in "+-"] == [100, 900]
    assert choose_tss(gene, "+", [decay, coding], "mane") is None
    with pytest.raises(InputError, match="tss_rule: found 'first'; expected one of auto, mane"):
        choose_tss(gene, "+", [], "first")
