"""Every path of a data folder, and which of its genes a job does."""

from spex.files.checks import require_folder


class DataFolder:
    """Where one run's files are: `tensors/`, `run.json`, `cached_genes.tsv`, `contacts.tsv`, `results/`.

    Raises:
        InputError: there is something else than a folder.
    """

    def __init__(self, root):
        self.root = require_folder(root, "data_folder")
        self.tensors = self.root / "tensors"
        self.run_json = self.root / "run.json"
        self.cached_genes = self.root / "cached_genes.tsv"
        self.contacts_tsv = self.root / "contacts.tsv"
        self.contacts_npz = self.root / "contacts.npz"
        self.input_hashes = self.root / "input_hashes.json"
        self.genome_index = self.root / "genome.fai"
        self.results = self.root / "results"

    def tensor_path(self, gene_id):
        return self.tensors / f"tensor_gene_{gene_id}.npy"


def select_shard(genes, divisor=None, remainder=None):
    """The genes whose original row number leaves `remainder` when divided by `divisor`; all without a divisor."""
    return genes if divisor is None else genes[genes.index % divisor == remainder]
