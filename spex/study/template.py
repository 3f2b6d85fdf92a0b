"""What `spex study init` writes: a study's file with every key, those that may be left out behind a #."""

TEMPLATE = """\
# A study: contact maps, tissues and their controls, in one file. Paths count from this file's folder. What stands
# behind a # may be left out, and is shown with what it then is, or with an example. When it is filled in:
#
#   spex study check FILE   what is wrong or missing, what there is to do, and what it will cost

# out: study                         # folder of everything that is made

# Inputs
genes: expecto/geneanno_GRCh38.csv   # the published table, a table with id, chrom, strand and tss, GTF or GFF3
genome: data/hg38.fa                 # FASTA
weights: expecto/deepsea.beluga.pth  # checkpoint of the network
expression: expecto/geneanno.exp.csv # a table, .h5ad, or a list of files with a sample each
# value: TPM                         # files with a sample each: TPM or FPKM
# gene_type: all                     # pc, lincRNA, or all: everything but rRNA
# tss_rule: auto                     # GTF and GFF3: auto, mane, canonical or 5prime
# exclude_chroms: [chrX, chrY, chrM, scaffolds]   # or none

# Tissues: names, patterns such as "Brain*", or numbers of the expression's columns from 1
# tissues: all

# Contact maps. The name is that of a folder and in every table: letters, digits, _, . and -
maps:
  - name: GM12878_Pol_II
    files: data/4DNFIARR7LP4.mcool    # of one experiment; counts of several are added
    # resolution: 1000            # bp per bin
    # rule: corrected             # or published, with show_published: true below
    # min_count: 2                # corrected rule: keep contacts with this count or more
    # max_dist: 1.15              # published rule: keep contacts with 1/sqrt(count) below this
    # distance_edges: [0.5, 1.0]  # groups of contacts by 1/sqrt(count); without it one group of all
    # contact_weight: one         # or count, log, balanced, expected
    # value_column: count         # .mcool and .cool: column of the pixels that is the count
    # count_column: 7             # tables: number or name of the count's column
    # contact_radius: 1.5         # 3D models: beads nearer than this are in contact
    # cell_type: Cells_EBV-transformed_lymphocytes   # the tissue that is the map's own, by name or pattern
    # experiment: ChIA-PET        # free text, as is factor; the report groups by them
    # factor: Pol II
  # - name: K562_RAD21
  #   files: [one.mcool, other.mcool]

# Fits, made of sequence alone and of each map
# fits:
#   - name: ridge
#     model: ridge                # or gbtree, gblinear
#     params: parameters.json     # parameters in place of the model's own
#     cv: chromosomes             # every chromosome in turn as test; without it chr8 is
#     cv_groups: 5                # this many groups of chromosomes take turns
#     test_chroms: chr8           # without cv
#     validation_chroms: chr9     # without cv
#     seed: 1410                  # gbtree
#     repeats: 1                  # gbtree: fits with seed, seed + 1, ...
#     neighbour_penalties: [0.1, 1, 10, none]   # ridge: penalties of the contact columns apart

# The comparison of maps with sequence alone and with matched bins, and its statistics
# comparison:
#   thin_to: shallowest           # thin all maps to a number of counts, or to those of the shallowest
#   genes_with_contacts: false    # only genes with a contact in every map
#   narrow_draw: false            # look for matched bins less far
#   correction: bh                # of p-values: bh, by or none
#   least_gain: 0.005             # gain of Spearman below which it is nothing
#   rotations: 19
#   seed: 1410
#   show_published: false         # take maps by the published rule, without a verdict

# Jobs
# shards: 1                       # jobs that the genes of each map are divided among
# resources:                      # of one job of each step
#   tensors: {threads: 4, memory_mb: 8000, minutes: 240, gpus: 0}
#   train: {threads: 4, memory_mb: 12000, minutes: 120, gpus: 0}
#   compare: {threads: 4, memory_mb: 16000, minutes: 720, gpus: 0}
#   report: {threads: 1, memory_mb: 4000, minutes: 30, gpus: 0}
"""
