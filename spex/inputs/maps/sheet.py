"""The data sheet of a contact map: what is in it, of any format."""

from spex.contacts.sheet import count_map
from spex.errors import InputError
from spex.inputs.chromosomes import names_in
from spex.inputs.maps.renamed import RenamedMap
from spex.progress import progress


def read_sheet(map_, genes, resolution):
    """Count what an opened map holds. genes: DataFrame with id, chrom, tss, or None. Returns: MapSheet.

    Raises:
        InputError: none of the genes lies on a chromosome of the map, or its counts are not raw.
    """
    if genes is not None:
        names = names_in(map_.chromsizes or map_.ends, genes["chrom"].unique())
        if not names:
            raise InputError(
                "none of the genes lies on a chromosome of it",
                argument="maps",
                subject=map_.path,
                hint="give the genes of that genome",
            )
        map_ = RenamedMap(map_, names)
    with progress(map_.pixel_count(list(map_.chromsizes or map_.ends)), "pixels", str(map_.path)) as advance:
        return count_map(map_, genes, resolution, advance)
