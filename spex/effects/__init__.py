"""What a contact carries to a gene: effects of contacted bins, and of alleles, through a fitted model."""
