"""`python -m spex.reproduce`."""

from spex.commands.reproduce import main

if __name__ == "__main__":
    raise SystemExit(main())
