"""`python -m spex.resources`, as the README has it."""

from spex.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main("resources"))
