"""
How many code lines the library has, room by room: no blanks, no comments, no docstrings.

    python tests/size.py [FOLDER]

A docstring is any expression that is only a string: what stands under a
constant explains it too. A statement that runs over lines counts each of them.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from pathlib import Path

SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def code_lines(source: str) -> int:
    """The lines of this module on which there is code."""
    said: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            said.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            code.update(range(token.start[0], token.end[0] + 1))
    lines = source.splitlines()
    return sum(bool(lines[number - 1].strip()) for number in code - said)


def rooms(folder: Path) -> Counter[str]:
    """Code lines by room; what is built on the spine has a room for each of its folders."""
    found: Counter[str] = Counter()
    for file in folder.rglob("*.py"):
        parts = file.relative_to(folder).parts
        room = "/".join(parts[: 2 if parts[0] == "built" and len(parts) > 2 else 1])
        found[room] += code_lines(file.read_text("utf-8"))
    return found


if __name__ == "__main__":
    counted = rooms(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "lab")
    for room, count in counted.most_common():
        print(f"{count:7,}  {room}")
    print(f"{counted.total():7,}  code lines")
