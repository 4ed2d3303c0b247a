"""What the import contracts cannot say."""

import ast
from pathlib import Path

import pytest

CORE = Path(__file__).parent.parent / "src" / "standby" / "core"
ALLOWED = {
    *("base64", "binascii", "bisect", "calendar", "collections", "dataclasses", "datetime", "enum"),
    *("functools", "hashlib", "hmac", "itertools", "math", "operator", "re", "struct", "typing"),
    "standby",
}
DOOR = CORE / "wire" / "json.py"


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda p: str(p.relative_to(CORE)))
def test_the_core_imports_what_is_on_the_list_and_opens_nothing(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    reads = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
    names = {node.id for node in reads}

    assert set(imported(tree)) <= (ALLOWED | {"orjson"} if path == DOOR else ALLOWED)
    assert names.isdisjoint({"open", "print", "input", "eval", "exec", "__import__"})
