"""What `spex study init` writes: a study's file with every key, those that may be left out after a #."""

import textwrap

from spex.compare.protocol import Protocol
from spex.contacts.rules import RULES
from spex.inputs.choices import GeneChoice, Reading, SampleChoice
from spex.models.choices import Fitting
from spex.options import options_in
from spex.study.schema import spell

WIDTH, KEY_WIDTH = 120, 33


def _optional(head, *owners, left_out=(), **values):
    """Lines of the options of Options classes: key, default or example, and what it is for.

    head: of each line, with its #. values: in place of defaults.
    """
    options = {name: found for owner in owners for name, found in options_in(owner).items()}
    lines = []
    for name in (name for name in options if name not in left_out):
        said, default = options[name]
        value = values.get(name, said.example or default)
        value = str(value).lower() if isinstance(value, bool) else value
        line = f"{head}{f'{spell(name)}: {value}':<{KEY_WIDTH}}"
        first, *more = textwrap.wrap(said.help, WIDTH - len(line) - 3)
        lines += [f"{line} # {first}", *(f"{head.rstrip():<{len(line)}} # {each}" for each in more)]
    return "\n".join(lines)


TEMPLATE = f"""\
# A study: contact maps, tissues and their controls, in one file. Paths count from this file's folder. What follows
# a # may be left out, and is shown with its default or with an example. When it is filled in:
#
#   spex study check FILE   what is wrong or missing, what there is to do, and what it will cost

# out: study                         # folder of all results

# Inputs
genes: expecto/geneanno_GRCh38.csv   # the published table, a table with id, chrom, strand and tss, GTF or GFF3
genome: data/hg38.fa                 # FASTA
weights: expecto/deepsea.beluga.pth  # checkpoint of the network, or a JSON file that describes another
expression: expecto/geneanno.exp.csv # a table, .h5ad, or a list of files with a sample each
{_optional("# ", SampleChoice, GeneChoice)}

# Tissues: names, patterns such as "Brain*", or numbers of the expression's columns from 1
# tissues: all

# Contact maps. The name is that of a folder and in every table: letters, digits, _, . and -
maps:
  - name: GM12878_Pol_II
    files: data/4DNFIARR7LP4.mcool    # of one experiment; counts of several are added. Or an accession, as 4DNFIARR7LP4
    # resolution: 1000                  # bp per bin
    # rule: corrected                   # or published, with show_published: true below
{_optional("    # ", *RULES.values(), Reading, distance_edges="[0.5, 1.0]")}
    # cell_type: Cells_EBV-transformed_lymphocytes   # the tissue that is the map's own, by name or pattern
    # experiment: ChIA-PET              # free text, as is factor; the report groups by them
    # factor: Pol II
  # - name: K562_RAD21
  #   files: [one.mcool, other.mcool]

# Fits, to sequence alone and to each map
# fits:
#   - name: ridge
{_optional("#     ", Fitting, model="ridge")}

# The comparison of maps with sequence alone and with distance-matched controls, and its statistics
# comparison:
{_optional("#   ", Protocol, left_out=["pseudocount"])}
#   show_published: false             # take maps by the published rule, without a verdict

# Maps of cells, one of each, whose cell_type is one tissue: what they predict of what is different about each cell
# between: [GM12878_Pol_II, K562_Pol_II]

# Jobs
# shards: 1                       # jobs that the genes of each map are divided among
# resources:                      # of one job of each step
#   tensors: {{threads: 4, memory_mb: 8000, minutes: 240, gpus: 0}}
#   train: {{threads: 4, memory_mb: 12000, minutes: 120, gpus: 0}}
#   compare: {{threads: 4, memory_mb: 16000, minutes: 720, gpus: 0}}
#   report: {{threads: 1, memory_mb: 4000, minutes: 30, gpus: 0}}
"""
