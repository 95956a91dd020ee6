"""Aligned columns, and file names that are short enough for them."""

import re
from pathlib import Path


def show(header, rows):
    """Prints a table with a rule under its header; a repeated first cell is left out."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    print("  ".join(cell.ljust(width) for cell, width in zip(header, widths)).rstrip())
    print("  ".join("─" * width for width in widths))
    group = rows[0][0]
    for row in rows:
        cells = ["" if index == 0 and row is not rows[0] and row[0] == group else cell for index, cell in enumerate(row)]
        group = row[0]
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())


def place(file):
    """A file below the store or this folder, with hashes cut to eight digits."""
    path = Path(file)
    for parent in path.parents:
        if parent.name in ("wheels", "instances"):
            path = path.relative_to(parent.parent)
            break
    else:
        here = Path(__file__).parent
        path = path.relative_to(here) if path.is_relative_to(here) else path
    return re.sub(r"([0-9a-f]{8})[0-9a-f]{24,}", r"\1…", str(path))
