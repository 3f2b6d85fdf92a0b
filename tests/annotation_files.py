"""GTF and GFF3 files as GENCODE, Ensembl and RefSeq write them, made from a table of genes."""

HEAD = "##description: made for a test\n#!genome-build toy\n"


def gtf_line(feature, chrom, start, end, strand, attributes, tags=()):
    text = " ".join(f'{key} "{value}";' for key, value in [*attributes.items(), *(("tag", tag) for tag in tags)])
    return "\t".join([chrom, "MADE", feature, str(start), str(end), ".", strand, ".", text])


def gff_line(feature, chrom, start, end, strand, attributes, tags=()):
    text = ";".join(f"{key}={value}" for key, value in attributes.items())
    text += f";tag={','.join(tags)}" if tags else ""
    return "\t".join([chrom, "MADE", feature, str(start), str(end), ".", strand, ".", text])


def stretch(tss, strand, length=300):
    """Start and end, 1-based, of what begins at a TSS."""
    return (tss, tss + length) if strand == "+" else (max(1, tss - length), tss)


def upstream(tss, strand, distance):
    return max(1, tss - distance) if strand == "+" else tss + distance


def gtf_of(table):
    """GENCODE's GTF of the genes that have a position: of three transcripts, the MANE Select one starts at the TSS."""
    lines = []
    for row in table.dropna().itertuples():
        tss, biotype = int(row.CAGE_representative_TSS), row.type.replace("lincRNA", "lncRNA")
        gene = {"gene_id": f"{row.id}.7" if row.id.startswith("ENS") else row.id, "gene_type": biotype}
        gene["gene_name"] = row.symbol
        lines.append(gtf_line("gene", row.seqnames, *stretch(int(row.TSS), row.strand), row.strand, gene))
        for number, (start, tags) in enumerate(
            [
                (upstream(tss, row.strand, 40), ["basic"]),
                (tss, ["basic", "Ensembl_canonical", "MANE_Select"]),
                (upstream(tss, row.strand, 90), ["basic", "MANE_Plus_Clinical"]),
            ]
        ):
            transcript = gene | {"transcript_id": f"T_{row.id}.{number}", "transcript_type": biotype}
            place = row.seqnames, *stretch(start, row.strand), row.strand
            lines.append(gtf_line("transcript", *place, transcript, tags))
            lines.append(gtf_line("exon", *place, transcript | {"exon_number": 1}, tags))
    return HEAD + "\n".join(lines) + "\n"


def gff_of(table, style="ensembl"):
    """GFF3 of the same genes, as Ensembl (ids behind gene:, features by biotype) or RefSeq (no gene_id) has it."""
    lines = ["##gff-version 3"]
    for row in table.dropna().itertuples():
        tss, coding = int(row.CAGE_representative_TSS), row.type == "protein_coding"
        biotype = row.type.replace("lincRNA", "lncRNA")
        if style == "ensembl":
            gene = {"ID": f"gene:{row.id}", "Name": row.symbol, "biotype": biotype, "gene_id": row.id, "version": 3}
            tag, feature = "MANE_Select", "gene" if coding else "ncRNA_gene"
            own = {"biotype": biotype}
        else:
            gene = {"ID": f"gene-{row.id}", "Name": row.symbol, "gene_biotype": biotype, "Note": "a%3B b"}
            tag, feature, own = "MANE Select", "gene", {}
        lines.append(gff_line(feature, row.seqnames, *stretch(int(row.TSS), row.strand), row.strand, gene))
        for number, (start, tags) in enumerate([(upstream(tss, row.strand, 40), []), (tss, [tag])]):
            transcript = {"ID": f"rna-{row.id}-{number}", "Parent": gene["ID"], **own}
            place = row.seqnames, *stretch(start, row.strand), row.strand
            lines.append(gff_line("mRNA" if coding else "lnc_RNA", *place, transcript, tags))
            lines.append(gff_line("exon", *place, {"ID": f"exon-{row.id}-{number}", "Parent": transcript["ID"]}))
            lines.append("###")
    return "\n".join(lines) + "\n"
