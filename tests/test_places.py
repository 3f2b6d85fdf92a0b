"""Full and read-only disks, odd names, other file systems, and what must never leave the machine."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
import train_inputs
from conftest import tensor_bytes as content
from processes import TENSORS, TRAIN, fork, in_own_mounts, quoted, start, start_tensors

from spex.commands import tensors

SHARED_MEMORY = Path("/dev/shm")


def run_in_own_mounts(script, *folders):
    process = in_own_mounts(script, *folders)
    if process is None:
        pytest.skip("this system lets no test mount a file system of its own")
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out, err


@pytest.mark.parametrize("full", ["data", "cache"])
def test_a_full_disk_is_reported_in_one_line_and_the_run_goes_on_when_there_is_space(
    reference, tensors_argv, tmp_path, full
):
    (tmp_path / full).mkdir()
    command = quoted(tensors_argv("--block_size", 2, maps=[0, 1]))
    script = f"""
        mount -t tmpfs -o size=400k tmpfs "$1" || exit
        {command}; echo "status $?"; find "$1" -name '.*.tmp'
        mount -o remount,size=40m "$1" || exit
        {command}; echo "status $?"
        cp -r "$1" "$2"
    """
    out, err = run_in_own_mounts(script, tmp_path / full, tmp_path / "kept")
    assert out.splitlines() == ["status 2", "status 0"], err
    errors = [line for line in err.splitlines() if "tensors.py: error:" in line]
    assert len(errors) == 1
    assert errors[0].endswith("No space left on device; free some space, then run the same command again")
    assert "Traceback" not in err
    assert content(tmp_path / ("kept" if full == "data" else "data")) == reference


@pytest.mark.parametrize("cache", ["filled", "none"])
def test_read_only_inputs_and_a_read_only_cache_are_no_obstacle(reference, world, tensors_argv, tmp_path, cache):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    shutil.copy(world.genome, inputs / "genome.fa")  # its index does not exist yet
    for path in world.maps:
        shutil.copy(path, inputs / path.name)
    if cache == "filled":
        assert tensors.main(tensors_argv("--pred_cache_folder", inputs / "cache", data="first", maps=[0])) == 0
    before = {path: path.read_bytes() for path in inputs.rglob("*") if path.is_file()}
    argv = tensors_argv("--genome_filename", inputs / "genome.fa", "--pred_cache_folder", inputs / "cache")
    command = quoted([*argv, "--mcool_filename", *(inputs / path.name for path in world.maps)])
    script = f'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && {command}'
    _, err = run_in_own_mounts(script, inputs)
    assert content(tmp_path / "data") == reference
    assert err.count("no permission to write; its predictions are used, new ones are not kept") == 1
    assert {path: path.read_bytes() for path in inputs.rglob("*") if path.is_file()} == before
    assert (tmp_path / "data" / "genome.fai").exists()


def test_a_read_only_data_folder_is_reported_in_one_line(narrow, tensors_argv, tmp_path):
    (tmp_path / "data").mkdir()
    command = quoted(tensors_argv())
    script = f'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && {command}; echo "status $?"'
    out, err = run_in_own_mounts(script, tmp_path / "data")
    assert out == "status 2\n"
    assert "Traceback" not in err
    assert err.splitlines()[-1].endswith("choose a folder that can be written to, then run the same command again")


@pytest.fixture
def other_file_system(tmp_path):
    """A folder on another file system than that of temporary files."""
    if not SHARED_MEMORY.is_dir() or os.stat(SHARED_MEMORY).st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("there is one file system only")
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        yield Path(folder)


def test_odd_names_links_relative_paths_and_another_file_system(
    reference, world, tensors_argv, tmp_path, other_file_system
):
    odd = tmp_path / "Śląsk, żółta łódź"
    odd.mkdir()
    (odd / "ge nome.fa").symlink_to(world.genome)
    (odd / "genes 'β'.csv").symlink_to(world.genes)
    (odd / "maps").symlink_to(world.folder)
    (odd / "out").symlink_to(other_file_system)
    argv = tensors_argv("--genome_filename", "ge nome.fa", "--genes_filename", "genes 'β'.csv")
    argv += ["--mcool_filename", "maps/map0.mcool", "./maps/.//map1.mcool"]
    argv += ["--data_folder", "out/dane 𝛼", "--pred_cache_folder", "out/cache ü"]
    for begin in (start, fork):  # with nothing done yet, then with everything there
        assert begin([*TENSORS, *argv], cwd=odd, env={"LC_ALL": "POSIX"}).wait() == 0
        assert content(other_file_system / "dane 𝛼") == reference
    assert {path.name for path in odd.iterdir()} == {"ge nome.fa", "ge nome.fa.fai", "genes 'β'.csv", "maps", "out"}


def test_training_in_odd_places(tmp_path, other_file_system, capfd):
    odd = tmp_path / "Śląsk, żółta łódź"
    odd.mkdir()
    options = train_inputs.write_narrow_inputs(odd)
    shutil.move(odd / "data", other_file_system / "dane 𝛼")
    (odd / "data").symlink_to(other_file_system / "dane 𝛼")
    argv = train_inputs.argv({name: os.path.relpath(value, odd) for name, value in options.items() if "/" in value})
    command = [*TRAIN, *argv, "--target_index", "1", "--model", "ridge", "--log_note", "żółty\n\x07'\""]
    assert start(command, cwd=odd, env={"LC_ALL": "POSIX"}).wait() == 0
    assert capfd.readouterr().out.startswith("rmse: ")
    results = other_file_system / "dane 𝛼" / "results"
    assert "żółty" in (results / "results.csv").read_text(encoding="utf-8")
    (record,) = results.glob("*/metrics.json")
    assert fork([*TRAIN, *argv, "--predict", str(record.parent)], cwd=odd).wait() == 0


def test_no_environment_variable_and_no_credential_is_written_anywhere(world, tensors_argv, tmp_path, capfd):
    secret = "s3cr3t-t0ken"
    (tmp_path / "key.json").write_text(f'{{"private_key": "{secret}", "client_email": "{secret}@example.org"}}')
    environment = {"AWS_SECRET_ACCESS_KEY": secret, "GOOGLE_APPLICATION_CREDENTIALS": secret, secret: secret}
    (tmp_path / "train").mkdir()
    options = train_inputs.write_narrow_inputs(tmp_path / "train")
    sheet = ["--google_sheets_credentials_filename", str(tmp_path / "key.json"), "--google_spreadsheet_id", "id"]
    commands = [
        start_tensors(tensors_argv(maps=[0]), env=environment),
        fork([*TRAIN, *train_inputs.argv(options, "--model", "ridge")], env=environment),
        fork([*TRAIN, *train_inputs.argv(options, *sheet)], env=environment),  # gspread or the network is missing
    ]
    assert [process.wait() for process in commands][:2] == [0, 0]
    (tmp_path / "key.json").unlink()
    output = capfd.readouterr()
    assert "9 genes done" in output.err and "rmse: " in output.out
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 20
    assert secret not in output.out + output.err
    assert not [path for path in written if secret.encode() in path.read_bytes() or secret in path.name]
