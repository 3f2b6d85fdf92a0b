"""A run's provenance as RO-Crate 1.1: the command, versions, inputs with their hashes, and what lies in its folder."""

import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from spex import __version__
from spex.commands.running import versions
from spex.errors import InputError
from spex.files.atomic import write_json
from spex.files.checks import require_folder
from spex.files.hashes import KnownHashes
from spex.inputs.maps.reader import split_uri
from spex.options import PATH

NAME = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/crate/1.1"
CONTEXT = [f"{PROFILE}/context", {"sha256": "https://schema.org/sha256"}]


class Crate:
    """What is described of a run that now begins. The folder is that of its results, `out`, or else the data folder, or
    that within it which the command writes.

    called: its command line, as text. parser: of that. args: its arguments.

    Raises:
        InputError: it writes no folder.
    """

    def __init__(self, called, parser, args):
        self._command, self._args, self._start = called, args, time.time()
        self._paths = {action.dest for action in parser._actions if getattr(action.type, "kind", None) is PATH}
        out, data = getattr(args, "out", None), getattr(args, "data_folder", None)
        if not (out or data):
            raise InputError("this command writes no folder that could be described", argument="crate")
        self.folder = require_folder(
            out or Path(data, getattr(args, "default_out", "")), "out" if out else "data_folder"
        )

    def write(self):
        """Write the description, once the run has ended well."""
        inputs, parts = self._inputs(), self._parts()
        needed = [_software(name, version) for name, version in versions().items()]
        spex = _software("spex", __version__) | {"softwareRequirements": [_link(each["@id"]) for each in needed]}
        about = {"@id": NAME, "@type": "CreativeWork", "conformsTo": _link(PROFILE), "about": _link("./")}
        now = datetime.now(UTC).isoformat(timespec="seconds")
        root = {
            **{"@id": "./", "@type": "Dataset", "name": self.folder.resolve().name, "datePublished": now},
            "description": f"Results of: {self._command}",
            **{"hasPart": [_link(each["@id"]) for each in [*inputs, *parts]], "mentions": _link("#run")},
        }
        run = {
            **{"@id": "#run", "@type": "CreateAction", "name": self._command, "instrument": _link("#spex")},
            "startTime": datetime.fromtimestamp(self._start, UTC).isoformat(timespec="seconds"),
            **{"endTime": now, "object": [_link(each["@id"]) for each in inputs], "result": _link("./")},
        }
        graph = [about, root, run, spex, *needed, *inputs, *parts]
        write_json(self.folder / NAME, {"@context": CONTEXT, "@graph": graph})

    def _inputs(self):
        """Files that the arguments name and that were there before, and data folders by their run.json."""
        known = Path(getattr(self._args, "data_folder", None) or self.folder, "input_hashes.json")
        hashes, found = KnownHashes(known if known.is_file() else None), {}
        for name in sorted(self._paths - {"out", "log_file"}):
            value = getattr(self._args, name, None) or ()
            for each in [value] if isinstance(value, str | Path) else value:
                path = split_uri(each)[0].expanduser().resolve()
                made = path / "run.json"
                if path != self.folder.resolve() and made.is_file():
                    found[path] = {"@type": "Dataset", "description": f"data folder, run.json {hashes.sha256(made)}"}
                elif path.is_file() and path.stat().st_mtime < self._start:
                    found[path] = {"@type": "File", "sha256": hashes.sha256(path)}
        return [{"@id": path.as_uri(), "name": path.name, **about} for path, about in found.items()]

    def _parts(self):
        """What lies in the folder now: files with their hashes, and folders."""
        parts, hashes = [], KnownHashes()
        for path in sorted(self.folder.iterdir()):
            if path.name.startswith(".") or path.name == NAME:
                continue
            if path.is_dir():
                parts.append({"@id": f"{quote(path.name)}/", "@type": "Dataset", "name": path.name})
            else:
                parts.append({"@id": quote(path.name), "@type": "File", "sha256": hashes.sha256(path)})
        return parts


def _link(name):
    return {"@id": name}


def _software(name, version):
    return {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "version": version}
