"""--crate: what a run was made from, beside its results."""

import hashlib
import json
import shlex

import pytest
from refusals import refuse

import spex
from spex.commands import elements, tensors, variants
from spex.commands import map as map_command


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def entities(folder):
    crate = json.loads((folder / "ro-crate-metadata.json").read_text())
    assert crate["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    found = {each["@id"]: each for each in crate["@graph"]}
    assert len(found) == len(crate["@graph"])
    known = {"https://w3id.org/ro/crate/1.1", *found}
    for each in crate["@graph"]:  # whatever is referred to is there
        for value in each.values():
            for link in value if isinstance(value, list) else [value]:
                assert not isinstance(link, dict) or link["@id"] in known
    assert found["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    return found


def test_a_data_folder_names_its_inputs_and_command(world, narrow, tensors_argv, tmp_path):
    argv = tensors_argv("--crate", maps=[0])
    assert tensors.main(argv) == 0
    found = entities(tmp_path / "data")
    assert found["#run"]["name"] == shlex.join(["tensors.py", *map(str, argv)])
    inputs = {each["@id"] for each in found["#run"]["object"]}
    paths = [world.genes, world.genome, world.checkpoint, world.maps[0]]
    assert inputs == {path.resolve().as_uri() for path in paths}
    assert all(found[path.resolve().as_uri()]["sha256"] == digest(path) for path in paths)
    parts = {each["@id"] for each in found["./"]["hasPart"]}
    assert {"run.json", "tensors/", "contacts.tsv"} <= parts and not any(part.startswith(".") for part in parts)
    assert found["run.json"]["sha256"] == digest(tmp_path / "data/run.json")
    assert found["#spex"]["version"] == spex.__version__ and found["#numpy"]["version"]


def test_effects_name_their_data_folder_and_what_a_folder_remembers(filled, world, tmp_path):
    made = filled("--contact_rule", "corrected")
    (tmp_path / "one.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    out = tmp_path / "effects"
    argv = [str(tmp_path / "one.vcf"), *made.argv, "--out", str(out), "--crate", "--vcf_out", str(out / "copy.vcf")]
    assert variants.main(argv) == 0
    found = entities(out)
    run_json = made.folder.root / "run.json"
    assert found[made.folder.root.as_uri()]["description"] == f"data folder, run.json {digest(run_json)}"
    inputs = {each["@id"].rpartition("/")[2] for each in found["#run"]["object"]}
    assert inputs == {"data", "one.vcf", world.genome.name, world.checkpoint.name}
    assert found["copy.vcf"]["sha256"] == digest(out / "copy.vcf") and "effects.tsv" in found


def test_elements_within_their_data_folder_leave_its_own_description_alone(filled, tmp_path):
    made = filled("--contact_rule", "corrected", "--crate")
    data, before = made.folder.root, (made.folder.root / "ro-crate-metadata.json").read_bytes()
    (data / "elements").mkdir()
    (data / "elements/my notes #1.txt").write_text("mine")
    assert elements.main([*made.argv, "--crate"]) == 0
    assert (data / "ro-crate-metadata.json").read_bytes() == before
    found = entities(data / "elements")
    assert {data.as_uri(), "elements.tsv", "tracks/", "my%20notes%20%231.txt"} <= found.keys()
    assert found["my%20notes%20%231.txt"]["sha256"] == digest(data / "elements/my notes #1.txt")


def test_nothing_is_described_where_a_run_fails_or_writes_no_folder(world, tmp_path, capsys):
    refuse(capsys, map_command.main, [str(world.maps[0]), "--crate"], "--crate: this command writes no folder")
    with pytest.raises(SystemExit):
        map_command.main([str(world.maps[0]), "--out", str(tmp_path / "new"), "--resolution", "0", "--crate"])
    assert map_command.main([str(tmp_path / "none.mcool"), "--out", str(tmp_path / "new"), "--crate"]) == 2
    assert not (tmp_path / "new/ro-crate-metadata.json").exists()
