"""ExPecto's published models: their numbers, and every file that is none of them."""

import gzip
import hashlib
import struct

import numpy as np
import pytest
from conftest import ROOT
from published_models import header, write_model

from spex.errors import InputError
from spex.models.expecto_models import read_expecto_model, tissue_of

ROWS = np.arange(20_020).reshape(10, 2002) / 7.0


def test_the_numbers_are_in_the_order_of_a_tensor(tmp_path):
    path = write_model(tmp_path / "x.save", ROWS, bias=0.25)
    fit, sha256 = read_expecto_model(path)
    assert fit.coefficients.dtype == np.float64
    np.testing.assert_array_equal(fit.coefficients, ROWS.astype(np.float32).ravel())
    assert fit.intercept == 2.25
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_xgboost_wrote_predicts_as_xgboost_did(tmp_path):
    """XGBoost 3.0.5, fitted on eight columns of 20,030, whose values in the first gene are 1 to 8, in the second 0."""
    (tmp_path / "x.save").write_bytes(gzip.decompress((ROOT / "tests/golden/gblinear_binf.save.gz").read_bytes()))
    fit, _ = read_expecto_model(tmp_path / "x.save")
    genes = np.zeros((2, 10, 2003), np.float32)
    genes.reshape(2, -1)[0, [1, 2, 2002, 2004, 4005, 10_016, 20_029, 15_000]] = range(1, 9)
    predicted = fit.predict(genes[:, :, 1:].reshape(2, -1))
    np.testing.assert_allclose(predicted, [-12.862296104431152, 0.07295513153076172], atol=2e-6)


def test_a_header_that_leaves_its_numbers_out_is_taken(tmp_path):
    path = write_model(tmp_path / "x.save", ROWS)
    content = path.read_bytes()
    path.write_bytes(struct.pack("<4sf310x", b"binf", 2.0) + content[318:])
    assert read_expecto_model(path)[0].coefficients[-1] == np.float32(20_019 / 7)


def change(content, place, form, *values):
    return content[:place] + struct.pack(form, *values) + content[place + struct.calcsize(form) :]


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda content: b"", "an empty file; expected one of ExPecto's models: binf, base_score 2, 20,030 weights"),
        (lambda content: b"{" + content[1:], "begins with {inf, not with binf"),
        (lambda content: b"<html>404</html>", "a web page; expected one of"),
        (lambda content: content[:100], "cut short after 100 bytes"),
        (lambda content: content[:-4], "cut short: 80,438 of at least 80,442 bytes"),
        (lambda content: content[:318], "cut short: 318 of at least 80,442 bytes"),
        (lambda content: change(content, 4, "<f", 0.5), "its base_score is 0.5, not 2"),
        (lambda content: header(numbers=20_021) + content[318:-40], "20,020 weights; expected"),
        (lambda content: header(numbers=24_035) + content[318:] + bytes(4 * 4004), "24,034 weights; expected"),
        (lambda content: header(numbers=0) + content[318:] + bytes(4 * 4004), "more than 20,030 weights; expected"),
        (lambda content: change(content, 318 + 4 * 101, "<f", np.nan), "NaN or infinity among its weights"),
        (lambda content: change(content, 318 + 4 * 2003, "<f", 1), "a weight where each of the 10 sums has a 0"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path, damage, message):
    path = write_model(tmp_path / "x.save", ROWS)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError) as refused:
        read_expecto_model(path)
    line = str(refused.value)
    assert line.startswith(f"models {path}: {message}") and line.isprintable()


@pytest.mark.parametrize(
    "name, tissue",
    [
        ("expecto.Whole_Blood.pseudocount0.0001.lambda100.round100.basescore2.save", "Whole_Blood"),
        ("Liver.save", "Liver"),
        ("expecto.E003.H1.save", "E003.H1"),
    ],
)
def test_a_tissue_is_named_by_its_file(name, tissue):
    assert tissue_of(name) == tissue
