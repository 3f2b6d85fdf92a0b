"""A data folder belongs to one run."""

import threading
from dataclasses import replace

import pytest

from spex.contacts.rules import Corrected, Published
from spex.errors import InputError
from spex.inputs.choices import Reading
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


EARLIER = (
    *("genes_sha256", "genome_sha256", "beluga_sha256", "maps_sha256", "precision", "cache_dtype"),
    *("contact_rule", "hic_resolution", "max_dist", "min_count", "format"),
)
"""Fields of a run.json of 1.0.0, in their order."""


def made_by(rule, resolution=1000):
    given = {"genes_sha256": "1", "genome_sha256": "2", "beluga_sha256": "3", "precision": "float32"}
    return RunSettings.of(**given, maps_sha256=["ab"], rule=rule, resolution=resolution)


def test_a_rule_is_recorded_as_earlier_versions_did_where_nothing_new_is_asked(tmp_path):
    assert tuple(SETTINGS.recorded()) == EARLIER and made_by(Published(), 5000).recorded().keys() == {*EARLIER}
    for resolution in (1000, 2000):
        settings = made_by(Corrected(3), resolution)
        assert tuple(settings.recorded()) == EARLIER
        assert settings.rule == Corrected(3) and settings.width == 24_024
    assert replace(SETTINGS, maps_sha256=[]).width == 20_020 and replace(SETTINGS, maps_sha256=[]).rule is None


def test_groups_and_weights_belong_to_the_run(tmp_path):
    folder, rule = DataFolder(tmp_path), Corrected(0.5, distance_edges=[0.3, 0.6], contact_weight="log")
    settings = made_by(rule, 5000)
    assert settings.width == 28_028 and settings.rule == rule
    run_identity.claim_run(folder, settings)
    assert run_identity.read_run_settings(folder) == settings
    assert {*settings.recorded()} == {*EARLIER, "distance_edges", "contact_weight", "windows_per_bin"}
    with pytest.raises(InputError, match=r"distance_edges was \[0\.3, 0\.6\] when .* and is \[0\.3, 0\.7\] now"):
        run_identity.claim_run(folder, replace(settings, distance_edges=[0.3, 0.7]))


def test_a_folder_of_one_window_a_wide_bin_is_refused_with_the_reason(tmp_path):
    folder, now = DataFolder(tmp_path), made_by(Corrected(), 5000)
    run_identity.claim_run(folder, replace(now, windows_per_bin=None))
    assert run_identity.read_run_settings(folder).width == 24_024
    with pytest.raises(InputError, match=r"windows_per_bin was null .* and is 3 now .earlier versions took one window"):
        run_identity.claim_run(folder, now)


@pytest.mark.parametrize(
    "argument, good, bad, told",
    [
        (
            "distance_edges",
            [0.3, 0.6],
            [0.3],
            r"distance_edges 0\.3: the tensors .* with distance_edges 0\.3 0\.6, says",
        ),
        (
            "contact_weight",
            "log",
            "one",
            "contact_weight one: the tensors in .* were made with contact_weight log, says",
        ),
    ],
)
def test_what_tensors_were_made_with_is_compared(tmp_path, argument, good, bad, told):
    folder = DataFolder(tmp_path / "given")
    rule = Corrected(distance_edges=[0.3, 0.6], contact_weight="log")
    run_identity.claim_run(folder, made_by(rule))
    run_identity.check_made_with(folder, {argument: good}, None, {})
    with pytest.raises(InputError, match=told):
        run_identity.check_made_with(folder, {argument: bad}, None, {})
    plain = DataFolder(tmp_path / "plain")
    run_identity.claim_run(plain, made_by(Corrected()))
    run_identity.check_made_with(plain, {"contact_weight": "one"}, None, {})
    with pytest.raises(InputError, match=r"made with (one group of contacts|contacts that count once each), says"):
        run_identity.check_made_with(plain, {argument: good}, None, {})


def test_how_maps_are_read_is_recorded_where_it_is_asked_for(tmp_path):
    folder = DataFolder(tmp_path)
    assert not {*Reading.__dataclass_fields__} & SETTINGS.recorded().keys() and SETTINGS.reading == Reading()
    other = replace(SETTINGS, value_column="weighted", count_column=7)
    assert other.reading == Reading("weighted", 7)
    run_identity.claim_run(folder, other)
    assert run_identity.read_run_settings(folder) == other
    with pytest.raises(InputError, match="count_column was 7 when this folder was made and is null now"):
        run_identity.claim_run(folder, SETTINGS)
