"""The made study is what it says, and `spex compare` runs on it from files to the page."""

import numpy as np
import pandas as pd
import pytest

from data.example import compare_demo
from data.example.made_study import MadeStudy, write_made_study
from data.example.made_world import BIN, MAPS
from expecto.gene_features import OWN_SUMS
from expecto.network import BELUGA
from spex.commands import compare
from spex.contacts.rules import Corrected
from spex.files.sealed import load_array
from spex.runs.cache import PredictionStore
from spex.runs.folder import DataFolder, load_contacts
from spex.runs.settings import read_run_settings

GENES, CHROMOSOMES = 90, 3
OWN_WIDTH = OWN_SUMS * BELUGA.features


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_made_study(tmp_path_factory.mktemp("study"), GENES, tissues=2, chromosomes=CHROMOSOMES)


@pytest.fixture(scope="module")
def expression(study):
    return pd.read_csv(study.expression, index_col="id")


def contacts_of(study, name):
    folder = DataFolder(study.maps[name])
    settings = read_run_settings(folder)
    ids = pd.read_csv(study.genes)["id"].tolist()
    return load_contacts(folder.contacts_npz, {**settings.recorded(), "genes": ids}, Corrected(), BIN, settings.window)


def store_of(study):
    settings = read_run_settings(DataFolder(study.base))
    return PredictionStore(study.cache, settings.store_identity, np.dtype(settings.cache_dtype))


def tensor(root, gene):
    return load_array(DataFolder(root).tensor_path(gene))


def test_genes_lie_on_so_many_chromosomes(study, expression):
    genes = pd.read_csv(study.genes)
    assert abs(len(genes) - GENES) <= CHROMOSOMES and genes["seqnames"].nunique() == CHROMOSOMES
    assert list(genes["id"]) == list(expression.index) and expression.shape[1] == 2
    assert (expression > 0).all(axis=None)


def test_tensors_are_own_sums_and_sums_over_the_bins_that_are_touched(study):
    for name in MAPS:
        contacts, store = contacts_of(study, name), store_of(study)
        gene = np.flatnonzero(np.diff(contacts.offsets) > 2)[5]
        whole = tensor(study.maps[name], contacts.genes[gene])
        own = tensor(study.base, contacts.genes[gene])
        assert whole.shape == (OWN_WIDTH + 2 * BELUGA.features,) and whole.dtype == np.float32
        np.testing.assert_array_equal(whole[:OWN_WIDTH], own)
        sums = np.zeros((2, BELUGA.features))
        for place in range(*contacts.offsets[gene : gene + 2]):
            starts = contacts.bins[place] * BIN + np.array([0, 1500, 3000])
            found, rows = store.get("windows", contacts.chroms[gene], starts)
            assert found.all()
            sums[0 if contacts.downstream[place] else 1] += rows.mean(axis=0)
        np.testing.assert_allclose(whole[OWN_WIDTH:].reshape(2, -1), sums, rtol=1e-6)
        assert sums.any()


def test_the_cache_has_own_windows(study):
    contacts, store = contacts_of(study, "nothing"), store_of(study)
    for gene in (0, len(contacts.genes) - 1):
        key = contacts.tss[gene] * 2 + (contacts.strands[gene] == "-")
        found, row = store.get("own", contacts.chroms[gene], np.array([key]))
        assert found.all() and row.shape == (1, (OWN_SUMS + 1) * BELUGA.features)
        np.testing.assert_array_equal(row[0, :OWN_WIDTH], tensor(study.base, contacts.genes[gene]))


@pytest.mark.parametrize("name", MAPS)
def test_maps_touch_bins_where_they_should(study, name):
    contacts, plan = contacts_of(study, name), MAPS[name]
    distances = np.abs(contacts.bins - np.repeat((contacts.tss - 1) // BIN, np.diff(contacts.offsets))) * BIN
    assert 3 < len(contacts.bins) / len(contacts.genes) < 25
    near = distances < max(plan.nearest, 20_000)  # two genes of one bin share its contacts, with each other's ends
    assert near.mean() < 0.02 and (distances > plan.farthest + BIN).mean() < 0.02


def test_written_again_it_is_the_same(study, tmp_path):
    again = write_made_study(tmp_path, GENES, tissues=2, chromosomes=CHROMOSOMES)
    for path in (again.genes, again.expression, *again.map_files.values()):
        assert path.read_bytes() == (study.base.parent / path.relative_to(tmp_path)).read_bytes()
    for name, root in again.maps.items():
        gene = contacts_of(study, name).genes[3]
        np.testing.assert_array_equal(tensor(root, gene), tensor(study.maps[name], gene))


def test_compared_it_ends_with_a_page(study, sketches, tmp_path, capsys):
    assert compare.main(compare_demo.compare_options(study, tmp_path / "result")) in (0, None)
    page = (tmp_path / "result/report.html").read_text()
    for name in MAPS:
        assert f"{name}: too few chromosomes for a verdict" in capsys.readouterr().out + page.replace("</strong>", "")
    table = pd.read_csv(tmp_path / "result/comparison.csv")
    assert len(table) == 2 * len(MAPS) and table["gain"].notna().all() and table["gain_coverage"].notna().all()


def test_every_map_has_its_truth():
    assert list(compare_demo.TRUTH) == list(MAPS) == list(MadeStudy.of("x").maps)
