"""Gene annotation as GENCODE, Ensembl and RefSeq give it, GTF or GFF3, to one TSS a gene."""
