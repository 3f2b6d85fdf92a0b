"""The data sheet of a contact map: what is in it, of any format."""

from dataclasses import replace

from spex.contacts.sheet import count_map
from spex.errors import InputError
from spex.inputs.agree import check_tss_within
from spex.inputs.maps.reading import report_accounts
from spex.inputs.maps.renamed import RenamedMap
from spex.inputs.normalise import names_in, some_of
from spex.progress import progress


def read_sheet(map_, genes, resolution):
    """Count what an opened map contains. genes: DataFrame with id, chrom, tss, or None. Returns: MapSheet.

    Raises:
        InputError: none of the genes lies on a chromosome of the map, or one past the end of its chromosome, or its
            counts are not raw.
    """
    if genes is not None:
        names = names_in(map_.chromsizes or map_.ends, genes["chrom"].unique())
        if not names:
            there, wanted = some_of(map_.chromsizes or map_.ends), some_of(genes["chrom"].unique())
            raise InputError(
                f"none of the genes lies on a chromosome of it: it has {there}, the genes {wanted}",
                argument="maps",
                subject=map_.path,
                hint="give the genes of that genome",
            )
        map_ = RenamedMap(map_, names)
        if map_.chromsizes:
            check_tss_within(map_, genes)
    with progress(map_.pixel_count(list(map_.chromsizes or map_.ends)), "pixels", str(map_.path)) as advance:
        sheet = count_map(map_, genes, resolution, advance)
    return replace(sheet, accounts=report_accounts([map_]))
