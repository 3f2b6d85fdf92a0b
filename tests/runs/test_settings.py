"""A data folder belongs to one run."""

import threading
from dataclasses import replace

import pytest

from spex.contacts.rules import Published
from spex.errors import InputError
from spex.inputs.maps.settings import Reading
from spex.runs import settings as run_identity
from spex.runs.folder import DataFolder
from spex.runs.settings import RunSettings

SETTINGS = RunSettings.of(
    genes_sha256="1",
    genome_sha256="2",
    beluga_sha256="3",
    maps_sha256=["ab"],
    precision="float32",
    rule=Published(),
    resolution=1000,
)


def test_a_run_is_claimed_once_and_goes_on_with_the_same_settings(tmp_path):
    folder = DataFolder(tmp_path / "data")
    assert run_identity.read_run_settings(folder) is None
    run_identity.claim_run(folder, SETTINGS)
    content = folder.run_json.read_bytes()
    run_identity.claim_run(folder, replace(SETTINGS))
    assert folder.run_json.read_bytes() == content
    assert run_identity.read_run_settings(folder) == SETTINGS


def test_other_settings_are_refused_with_field_and_both_values(tmp_path):
    folder = DataFolder(tmp_path)
    run_identity.claim_run(folder, SETTINGS)
    with pytest.raises(InputError, match=r"max_dist was 1\.15 when this folder was made and is 1\.2 now"):
        run_identity.claim_run(folder, replace(SETTINGS, max_dist=1.2))
    with pytest.raises(InputError, match='precision was "float32"'):
        run_identity.claim_run(folder, replace(SETTINGS, precision="tf32"))


def test_of_many_first_runs_at_once_one_wins(tmp_path):
    folder = DataFolder(tmp_path / "data")
    outcomes = []

    def claim(number):
        try:
            run_identity.claim_run(folder, replace(SETTINGS, hic_resolution=number))
            outcomes.append(number)
        except InputError:
            outcomes.append(None)

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [outcome for outcome in outcomes if outcome is not None]
    assert len(outcomes) == 16
    assert winners == [run_identity.read_run_settings(folder).hic_resolution]


def test_a_damaged_run_json_is_refused_by_name(tmp_path):
    folder = DataFolder(tmp_path)
    run_identity.claim_run(folder, SETTINGS)
    content = folder.run_json.read_bytes()
    for damaged in (content[:-1], content.replace(b"1.15", b"1.16"), b"", b"{}"):
        folder.run_json.write_bytes(damaged)
        with pytest.raises(InputError, match=r"run\.json: damaged or edited"):
            run_identity.read_run_settings(folder)


def test_how_maps_are_read_is_recorded_where_it_is_asked_for(tmp_path):
    folder = DataFolder(tmp_path)
    assert not {*Reading.__dataclass_fields__} & SETTINGS.recorded().keys() and SETTINGS.reading == Reading()
    other = replace(SETTINGS, value_column="weighted", count_column=7)
    assert other.reading == Reading("weighted", 7)
    run_identity.claim_run(folder, other)
    assert run_identity.read_run_settings(folder) == other
    with pytest.raises(InputError, match="count_column was 7 when this folder was made and is null now"):
        run_identity.claim_run(folder, SETTINGS)
