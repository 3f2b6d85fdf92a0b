"""Inputs are known by their content."""

from spex.files import hashes


def test_hashes_are_remembered_until_a_file_changes(tmp_path, monkeypatch):
    file, memory = tmp_path / "genome.fa", tmp_path / "data" / "hashes.json"
    file.write_text("abc")
    known = hashes.KnownHashes(memory)
    digest = known.sha256(file)
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    known.save()
    monkeypatch.setattr(hashes, "file_sha256", None)  # reading the file again would fail now
    assert hashes.KnownHashes(memory).sha256(file) == digest
    monkeypatch.undo()
    file.write_text("abcd")
    assert hashes.KnownHashes(memory).sha256(file) != digest


def test_a_damaged_memory_of_hashes_is_no_obstacle(tmp_path):
    file, memory = tmp_path / "genome.fa", tmp_path / "hashes.json"
    file.write_text("abc")
    known = hashes.KnownHashes(memory)
    digest = known.sha256(file)
    known.save()
    content = memory.read_text()
    for damaged in (content.replace(digest, "0" * 64), content[:-9], "", "[1]", "{}"):
        memory.write_text(damaged)
        assert hashes.KnownHashes(memory).sha256(file) == digest
