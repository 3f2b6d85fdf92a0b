"""How large the program is, and how its rooms hang together.

    python -m benchmarks.house

Prints lines, modules, functions and the imports between rooms, the longest files and functions, and whether imports go
down only. A room is a package of `spex`, or `expecto`.
"""

import ast
from collections import Counter
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent
LISTED = 10
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def room_of(module):
    """The room of a module's dotted name; `spex` for what lies in no package of it."""
    parts = module.split(".")
    return parts[1] if parts[0] == "spex" and len(parts) > 2 else parts[0]


def imported(tree):
    """Dotted names of what a module imports from the program."""
    for node in ast.walk(tree):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
        yield from (name for name in names if name.split(".")[0] in ("spex", "expecto"))


def main():
    rooms, modules, functions, lengths, arrows = Counter(), Counter(), [], [], Counter()
    for path in sorted(path for top in ("spex", "expecto") for path in (ROOT / top).rglob("*.py")):
        text, where = path.read_text(), path.relative_to(ROOT)
        tree, room = ast.parse(text), room_of(".".join(where.with_suffix("").parts))
        count = len(text.splitlines())
        rooms[room] += count
        modules[room] += 1
        lengths.append((count, str(where)))
        for node in ast.walk(tree):
            if isinstance(node, FUNCTIONS):
                functions.append((node.end_lineno - node.lineno + 1, f"{where}:{node.lineno} {node.name}"))
        arrows.update((room, other) for other in map(room_of, imported(tree)) if other != room)
    for room, count in rooms.most_common():
        print(f"{room:12} {count:6,} lines {modules[room]:4} modules")
    print(f"{'in all':12} {rooms.total():6,} lines {modules.total():4} modules, {len(functions):,} functions")
    print(f"{arrows.total():,} imports between {len(arrows)} pairs of rooms")
    for what, found in (("files", lengths), ("functions", functions)):
        print(f"\nThe longest {what}")
        for count, name in sorted(found)[: -LISTED - 1 : -1]:
            print(f"{count:6,} {name}")
    print(flush=True)
    return lint_imports(config_filename=str(ROOT / "pyproject.toml"))


if __name__ == "__main__":
    raise SystemExit(main())
