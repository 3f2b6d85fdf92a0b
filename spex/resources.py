"""The files that the program needs and may not ship: what they are, where they come from, whether they are right.

    python -m spex.resources list
    python -m spex.resources get [NAME ...]
    python -m spex.resources check [NAME ...]

They are the property of their makers and must not be passed on; every user downloads them for themselves.
"""

import json
from functools import partial
from urllib.parse import urlsplit

from spex import checks
from spex.cli import OneLineParser, run_script
from spex.download import MEGABYTE
from spex.errors import InputError
from spex.genes import PUBLISHED_TABLE_SHA256
from spex.genome import GRCH38_LENGTHS
from spex.obtain import Resource, download_part, is_verified, locate, obtain, verify
from spex.storage import require_file

PROG = "python -m spex.resources"
ACADEMIC = "Princeton academic licence: non-commercial, not to be passed on"
SPEX_FILES = "https://raw.githubusercontent.com/SFGLab/spex/ccc44c0deedcdeda424c57b7578e234384eb6a99"
EXPECTO_FILES = "https://raw.githubusercontent.com/FunctionLab/ExPecto/1b89458691e4dd86192c6ea93ad4bc02910a4df2"
CONTACTS_PAGE = "https://data.4dnucleome.org/files-processed/4DNFIARR7LP4/"
GENES_ROWS = 24_339
HIC_RESOLUTION = 1000

RESOURCES = (
    Resource(
        name="genes",
        path="expecto/geneanno_GRCh38.csv",
        what="gene annotation: chromosome, strand and TSS of 24,339 genes",
        licence=ACADEMIC,
        address=f"{SPEX_FILES}/expecto/geneanno_GRCh38.csv",
        digest=f"sha256:{PUBLISHED_TABLE_SHA256}",
        megabytes=2,
        check=lambda path, find: checks.check_genes(path, GENES_ROWS),
    ),
    Resource(
        name="expression",
        path="expecto/geneanno.exp.csv",
        what="expression of these genes in 218 tissues and cell lines (GTEx, Roadmap, ENCODE)",
        licence=ACADEMIC,
        address=f"{SPEX_FILES}/expecto/geneanno.exp.csv",
        digest="git:00d0818d139f551820f7e8e6acc02252eefe66e0",
        check=lambda path, find: checks.check_expression(path, find("genes")),
    ),
    Resource(
        name="features",
        path="expecto/deepsea_beluga_2002_features.tsv",
        what="names of the 2002 chromatin features: cell type, assay, treatment",
        licence=ACADEMIC,
        address=f"{EXPECTO_FILES}/resources/deepsea_beluga_2002_features.tsv",
        digest="sha256:04554efe4acb95a1e18ed47f3a1ad17ae969e19d46de47cdf9e9cca8df5c4ef9",
        megabytes=1,
        check=lambda path, find: checks.check_features(path),
    ),
    Resource(
        name="beluga",
        path="expecto/deepsea.beluga.pth",
        what="Beluga, the CNN's published weights",
        licence=ACADEMIC,
        address="https://zenodo.org/record/3402406/files/deepsea.beluga.pth?download=1",
        digest="md5:62360f2db4ac96554d28d058b50ab654",
        megabytes=598,
        check=lambda path, find: checks.check_checkpoint(path),
    ),
    Resource(
        name="genome",
        path="data/hg38.fa",
        what="the human genome, GRCh38 with UCSC's names; with its index hg38.fa.fai",
        licence="free for any use (UCSC Genome Browser, Genome Reference Consortium)",
        address="https://hgdownload.cse.ucsc.edu/goldenpath/hg38/bigZips/hg38.fa.gz",
        megabytes=4300,
        check=lambda path, find: checks.check_genome(path, GRCH38_LENGTHS),
    ),
    Resource(
        name="contacts",
        path="data/4DNFIARR7LP4.mcool",
        what="RNA Pol II ChIA-PET of GM12878, the published contact map",
        licence="4D Nucleome data, open; cite the project and the lab that made it",
        address=f"{CONTACTS_PAGE}@@download/4DNFIARR7LP4.mcool",
        page=CONTACTS_PAGE,
        check=lambda path, find: checks.check_contacts(path, HIC_RESOLUTION),
    ),
)


def create_parser():
    parser = OneLineParser(
        prog=PROG, description="The files that SpEx needs: list them, get them, check them.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="{list,get,check}")
    for command, help_text in {
        "list": "what the files are, where they belong, whether they are there and verified",
        "get": "download what is missing, going on where an earlier download stopped",
        "check": "read the files through: hashes, chromosomes, rows, weights, resolutions",
    }.items():
        subparser = commands.add_parser(command, help=help_text, description=help_text, allow_abbrev=False)
        subparser.add_argument("names", nargs="*", metavar="NAME", help="files, by the names that list shows; all")
        subparser.add_argument("--folder", default=".", help="where data/ and expecto/ are (default: here)")
    add_access_options(commands.choices["get"])
    return parser


def add_access_options(parser):
    """The options that say how files are got."""
    add = parser.add_argument
    add("--mirror", metavar="URL", help="take the files, by their names, from this address instead of their makers'")
    add("--4dn_key", dest="login_file", metavar="FILE", help="your 4DN access key as JSON, for the contact map")


def access(args):
    """What `add_access_options` gave, as keywords of `get`."""
    return {"mirror": checked_mirror(args.mirror), "login": read_login(args.login_file) if args.login_file else None}


def run(args, resources=RESOURCES):
    """Do what the command line says. resources: the table of files."""
    chosen = choose(resources, args.names)
    find = finder(resources, args.folder)
    if args.command == "list":
        print_list(chosen, find)
    elif args.command == "check":
        print_checks(chosen, find)
    else:
        get(chosen, find, **access(args))


def choose(resources, names):
    """The resources of these names, all without names.

    Raises:
        InputError: there is none of a name.
    """
    known = {resource.name: resource for resource in resources}
    for name in names:
        if name not in known:
            raise InputError(f"{name}: no such file; expected some of {', '.join(known)}")
    return [known[name] for name in names] or list(resources)


def finder(resources, folder):
    """A function from a resource's name to its path in a folder."""
    paths = {resource.name: locate(resource, folder) for resource in resources}
    return paths.__getitem__


def get(resources, find, **access):
    """Put each resource in its place, verified. access: `mirror`, `login` and `sleep` of `spex.obtain.obtain`."""
    for resource in resources:
        obtain(resource, find, **access)


def print_list(resources, find):
    for resource in resources:
        path = find(resource.name)
        print(f"{resource.name:<12}{path!s:<42}{_size_text(resource, path):>15}  {_state_text(resource, path)}")
        print(f"{'':<12}{resource.what}\n{'':<12}licence: {resource.licence}")


def _size_text(resource, path):
    if path.exists():
        return f"{max(1, round(path.stat().st_size / MEGABYTE)):,} MB"
    return f"about {resource.megabytes:,} MB" if resource.megabytes else "not stated"


def _state_text(resource, path):
    part = download_part(resource, path)
    if path.exists():
        return "verified" if is_verified(path) else "there, not verified"
    return f"{part.stat().st_size // MEGABYTE:,} MB received" if part.exists() and part.stat().st_size else "missing"


def print_checks(resources, find):
    """Verify each resource as it lies there and print what is found.

    Raises:
        InputError: one of them is missing or wrong.
    """
    bad = []
    for resource in resources:
        path = find(resource.name)
        try:
            require_file(path, resource.name, resource.name)
            verify(resource, path, path, find)
        except InputError as error:
            bad.append(resource.name)
            print(f"{'wrong' if path.exists() else 'missing':<9}{' '.join(str(error).split())}", flush=True)
        else:
            print(f"{'right':<9}{path}", flush=True)
    if bad:
        raise InputError(
            f"{len(bad)} of {len(resources)} files missing or wrong, see above; move wrong ones away, then get what is "
            f"missing with: {PROG} get {' '.join(bad)}"
        )


def checked_mirror(mirror):
    """The address of a mirror, or None.

    Raises:
        InputError: not an http address, or one with a password in it, which would be logged.
    """
    if mirror is None:
        return None
    address = urlsplit(mirror)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise InputError(f"--mirror {mirror}: expected an address that starts with http:// or https://")
    if "@" in address.netloc:
        raise InputError("--mirror: found a password in the address; put it into ~/.netrc, where it is read from")
    return mirror


def read_login(path):
    """User and password from a 4DN access key file: {"default": {"key": ..., "secret": ...}}.

    Raises:
        InputError: not such a file; nothing of its content is told.
    """
    path = require_file(path, "--4dn_key")
    try:
        keys = json.loads(path.read_text())
        keys = keys.get("default", keys)
        return str(keys["key"]), str(keys["secret"])
    except (ValueError, KeyError, AttributeError, TypeError):
        raise InputError(
            f'--4dn_key {path}: expected JSON of the form {{"default": {{"key": "...", "secret": "..."}}}}, as 4DN\'s '
            f"pages describe for access keys"
        ) from None


def main(argv=None, resources=RESOURCES):
    return run_script(PROG, partial(run, resources=resources), create_parser().parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
