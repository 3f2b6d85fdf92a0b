"""Logarithms and scaled values are no expression: by what the file says, or by the shape of many values."""

import logging

import numpy as np
import pandas as pd
import pytest

from spex.errors import InputError
from spex.inputs.expression import open_expression, read_expression
from spex.inputs.expression_values import looks_logarithmic

COUNT = 1500
IDS = [f"ENSG{number:011d}" for number in range(COUNT)]
GENES = pd.DataFrame({"id": IDS})


def transcriptome(count, seed=0):
    """TPM of so many genes of 20,000, six in ten of them expressed."""
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(count) < 0.6, np.exp(rng.normal(0.5, 2.3, count)), 0)
    return values / values.sum() * count * 50


LINEAR = {
    "TPM": lambda tpm: tpm,
    "counts": np.rint,
    "few counts": lambda tpm: np.rint(np.minimum(tpm, 20)),
    "shares": lambda tpm: tpm / tpm.sum(),
    "percent": lambda tpm: 100 * tpm / tpm.sum(),
    "nothing": np.zeros_like,
    "no numbers": lambda tpm: np.full(len(tpm), np.nan),
}
LOGARITHMS = {
    "log2(TPM + 1)": lambda tpm: np.log2(tpm + 1),
    "ln(TPM + 1)": np.log1p,
    "log10(TPM + 1)": lambda tpm: np.log10(tpm + 1),
    "log2(counts + 1)": lambda tpm: np.log2(np.rint(tpm) + 1),
    "with a gap": lambda tpm: np.where(tpm == tpm.max(), np.nan, np.log2(tpm + 1)),
}


@pytest.mark.parametrize("count", [1_500, 20_000, 60_000])
@pytest.mark.parametrize("seed", range(3))
def test_linear_expression_and_its_logarithms_differ_in_shape(count, seed):
    tpm = transcriptome(count, seed)
    assert not any(looks_logarithmic(change(tpm)) for change in LINEAR.values())
    assert all(looks_logarithmic(change(tpm)) for change in LOGARITHMS.values())


def read(path, frame, targets=None):
    frame.to_csv(path, sep="\t", index=False)
    file = open_expression(path)
    return read_expression(file, targets or range(1, len(file.tissues) + 1), None, GENES)


def test_each_tissue_that_looks_like_logarithms_is_named(tmp_path, caplog):
    tpm = transcriptome(COUNT)
    frame = pd.DataFrame({"id": IDS, "brain": tpm, "liver": np.log2(tpm + 1), "lung": np.log2(tpm[::-1] + 1)})
    caplog.set_level(logging.WARNING, "spex")
    expression = read(tmp_path / "e.tsv", frame)
    (told,) = caplog.messages
    assert "looks like logarithms, such as log2(TPM + 1): no value of liver, lung is above 25 (largest" in told
    assert "2 columns look like logarithms (liver, lung)" in expression.account.line()
    assert expression.values[2].tolist() == pytest.approx(np.log2(tpm + 1).tolist())  # read as it is
    caplog.clear()
    read(tmp_path / "e.tsv", frame, [1])
    assert not caplog.messages


def test_logarithms_of_genes_that_are_not_asked_for_count_too(tmp_path, caplog):
    tpm = transcriptome(COUNT)
    frame = pd.DataFrame({"id": IDS, "liver": tpm})
    low = GENES[tpm < 10]
    frame.to_csv(tmp_path / "e.tsv", sep="\t", index=False)
    read_expression(open_expression(tmp_path / "e.tsv"), [1], None, low)
    assert not caplog.messages


@pytest.mark.parametrize("heading", ["log2_TPM", "liver_log10", "logTPM"])
def test_headings_that_say_logarithms_are_believed_unless_values_speak_against_it(tmp_path, heading, caplog):
    tpm = transcriptome(COUNT)
    for values in (np.log2(tpm + 1), np.log2(tpm + 0.001)):  # the latter with values below 0, as Xena has them
        with pytest.raises(InputError, match=f"'{heading}' means logarithms, and none of the 1,500 values of"):
            read(tmp_path / "e.tsv", pd.DataFrame({"id": IDS, heading: values}))
    for values in (tpm, np.rint(np.minimum(tpm, 20))):
        assert read(tmp_path / "e.tsv", pd.DataFrame({"id": IDS, heading: values})).values[1].tolist() == list(values)
    assert not caplog.messages


def test_names_of_files_that_say_logarithms_are_believed_too(tmp_path):
    tpm = transcriptome(COUNT)
    with pytest.raises(
        InputError, match=r"'TPMLogp1\.tsv' means logarithms, and none .* of liver is above 25 .largest"
    ):
        read(tmp_path / "TPMLogp1.tsv", pd.DataFrame({"id": IDS, "liver": np.log2(tpm + 1)}))
    assert len(read(tmp_path / "TPMLogp1.tsv", pd.DataFrame({"id": IDS, "liver": tpm})).values) == COUNT


def test_scaled_values_are_refused_as_such_and_a_slip_as_a_slip(tmp_path):
    tpm = transcriptome(COUNT)
    scaled = (tpm - tpm.mean()) / tpm.std()
    with pytest.raises(InputError, match=r"is '-.*; [0-9,]+ of 1,500 values are negative, as scaled values"):
        read(tmp_path / "e.tsv", pd.DataFrame({"id": IDS, "liver": scaled}))
    tpm[7] = -1
    with pytest.raises(InputError, match=r"liver of gene ENSG00000000007 .line 9. is '-1.0'; .*; correct the file or"):
        read(tmp_path / "e.tsv", pd.DataFrame({"id": IDS, "liver": tpm}))
