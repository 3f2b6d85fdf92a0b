"""The published model as computation on arrays: the network, and how a gene's windows become its features.

Zhou et al., Nat Genet 50:1171 (2018), doi 10.1038/s41588-018-0160-6. Nothing here knows a file of the genome.
"""
