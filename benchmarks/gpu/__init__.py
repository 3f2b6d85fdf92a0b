"""Whether a GPU computes what the CPU computes, and how fast: `python -m benchmarks.gpu`."""
