"""`python -m spex`, the same as the command `spex`."""

from spex.commands.main import main

if __name__ == "__main__":
    raise SystemExit(main())
