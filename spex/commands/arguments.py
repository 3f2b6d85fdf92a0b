"""What commands make of their options."""

from spex.commands.parser import chosen
from spex.errors import InputError, in_words, parameter
from spex.files.checks import require_file
from spex.inputs.choices import GeneChoice, Reading
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.normalise import excluded_chromosomes


def read_genes(args):
    """The genes table of the options, and its genes that the model is made for.

    Returns: DataFrame of all, DataFrame of those, names of the chromosomes that are left out.
    """
    choice = chosen(GeneChoice, args)
    table = read_gene_table(require_file(args.genes, "genes"), choice.tss_rule)
    excluded = excluded_chromosomes(choice.exclude_chroms)
    return table, keep_genes(table, choice.gene_type, excluded), excluded


def reading_of(args):
    """The Reading that the options describe.

    Raises:
        InputError: an option of it that would change nothing, without a contact map.
    """
    reading = chosen(Reading, args)
    for name, value in reading.given().items() if not args.maps else ():
        refuse_without_map(name, value)
    return reading


def refuse_without_map(name, value):
    """Refuse an option about contact maps where none is given."""
    raise InputError(
        "says how a contact map is used, but none is given",
        argument=name,
        subject=in_words(value),
        hint=f"give {parameter('maps')} too, or leave it out",
    )
