"""Studies: many maps, tissues and their controls, described by one file and run by Snakemake."""
