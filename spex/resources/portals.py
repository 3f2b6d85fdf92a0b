"""Files of the 4DN and ENCODE portals by their accession: what they are, from the portal's JSON, and their download."""

import json
import logging
import re
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from spex.errors import InputError, shown
from spex.resources.download import MEGABYTE, discard, fetch, locked, part_path
from spex.resources.obtain import Resource, obtain

PORTALS = {
    "4DNFI": "https://data.4dnucleome.org/{}?format=json",
    "ENCFF": "https://www.encodeproject.org/{}?format=json",
}
"""How the accessions of a portal's files begin -> where it describes them."""

ACCESSION = re.compile(r"4DNFI[0-9A-Z]{7}|ENCFF[0-9]{3}[A-Z]{3}")
LARGEST_ANSWER = 10 * MEGABYTE

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class PortalFile:
    """A file of a portal.

    accession, name (of the file). address: to download it from. page: about it. md5, size (bytes), cell_type,
    experiment, factor: None where the portal does not say.
    """

    accession: str
    name: str
    address: str
    page: str
    md5: str | None = None
    size: int | None = None
    cell_type: str | None = None
    experiment: str | None = None
    factor: str | None = None


def is_accession(text):
    """Whether a text is the accession of a file."""
    return ACCESSION.fullmatch(text) is not None


def read_portal_file(accession, folder):
    """What a folder knows of a file, PortalFile; None where it was not fetched.

    Raises:
        InputError: what lies there is no answer of the portal.
    """
    path = _answer_path(accession, folder)
    return describe(accession, _loaded(path), path) if path.exists() else None


def describe(accession, answer, path):
    """What a portal's answer says of a file: PortalFile. answer: JSON values. path: of them, for errors.

    Raises:
        InputError: it is no answer about this file, or the portal has no file to download.
    """
    if not isinstance(answer, dict) or answer.get("accession") != accession:
        found = answer.get("accession") if isinstance(answer, dict) else None
        raise _no_answer(path, f"it is about {shown(found)}" if found else "it names no accession")
    portal = _address(accession)
    address = urljoin(portal, str(answer.get("href", "")))
    name = address.rpartition("/")[2]
    if not re.fullmatch(rf"{accession}(\.[A-Za-z0-9]+)+", name):
        raise InputError(
            f"the portal has no file of {accession} to download",
            subject=path,
            expected="an address of the file under href",
            hint="look at its page: it may have been replaced or not released",
        )
    md5, size = answer.get("md5sum"), answer.get("file_size")
    about = _of_4dn(answer) if accession.startswith("4DN") else _of_encode(answer)
    return PortalFile(
        accession=accession,
        name=name,
        address=address,
        page=portal.partition("?")[0],
        md5=md5 if isinstance(md5, str) and re.fullmatch(r"[0-9a-f]{32}", md5) else None,
        size=size if isinstance(size, int) and size > 0 else None,
        **{key: value if isinstance(value, str) and value.strip() else None for key, value in about.items()},
    )


def _of_4dn(answer):
    about = answer.get("track_and_facet_info")
    about = about if isinstance(about, dict) else {}
    names = {"cell_type": "biosource_name", "experiment": "experiment_type", "factor": "assay_info"}
    return {ours: about.get(theirs) for ours, theirs in names.items()}


def _of_encode(answer):
    assay = answer.get("assay_title") or answer.get("assay_term_name")
    return {
        "cell_type": _named(answer.get("biosample_ontology"), "term_name"),
        "experiment": assay,
        "factor": _named(answer.get("target"), "label"),
    }


def _named(value, key):
    """The name of what an answer embeds; of what it only links to, such as /targets/CTCF-human/, the first part."""
    if isinstance(value, dict):
        return value.get(key)
    return value.strip("/").rpartition("/")[2].partition("-")[0] if isinstance(value, str) else None


def get_portal_file(accession, folder, *, mirror=None, login=None, sleep=time.sleep):
    """Put a file and what its portal says of it into a folder, verified; what is there is not fetched again.

    folder: Path. mirror: address of a folder that serves both, ACCESSION.json and the file, in the portal's place.
    login: (user, password) of the portal, not sent to a mirror.

    Returns: path of the file.

    Raises:
        InputError: it cannot be had, or is not what the portal describes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = _answer_path(accession, folder)
    if not path.exists():
        part = part_path(path)
        with locked(part):
            address = f"{mirror.rstrip('/')}/{path.name}" if mirror else _address(accession)
            fetch(address, part, most=LARGEST_ANSWER, auth=None if mirror else login, sleep=sleep)
            try:
                describe(accession, _loaded(part), part)
            except InputError:
                discard(part)
                raise
            part.replace(path)
            discard(part)
    file = read_portal_file(accession, folder)
    logger.info("%s: %s", accession, ", ".join(filter(None, (file.name, file.cell_type, file.experiment, file.factor))))
    resource = Resource(
        name=accession,
        path=file.name,
        what=accession,
        licence="the portal's",
        address=file.address,
        check=lambda path, find: None,  # maps are opened where their resolution is known
        digest=f"md5:{file.md5}" if file.md5 else None,
        megabytes=file.size and -(-file.size // MEGABYTE),
        page=file.page,
    )
    obtain(resource, lambda name: folder / file.name, mirror=mirror, login=login, sleep=sleep)
    return folder / file.name


def _loaded(path):
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise _no_answer(path, f"no JSON ({shown(error)})") from error


def _no_answer(path, found):
    return InputError(
        found, subject=path, expected="what the portal says of the file, as JSON", hint="delete it and fetch again"
    )


def _answer_path(accession, folder):
    return Path(folder) / f"{accession}.json"


def _address(accession):
    return PORTALS[accession[:5]].format(accession)
