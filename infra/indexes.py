"""Bring `infra/resources/tables.yaml` up to what the stores declare: `python -m infra.indexes [--check]`.

The template says which indexes exist, since adding one is a deployment of its own; the stores say which they query.
"""

import importlib
import pkgutil
import re
import sys
from pathlib import Path

from infra.template.reading import RESOURCES, declared


def queried() -> dict[str, list[str]]:
    """Return the names of the global indexes that the rows of each table declare."""
    import chalicelib
    from chalicelib import tables

    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        if module.name.count(".") == 1 or module.name.endswith(".store"):
            importlib.import_module(module.name)
    found: dict[str, set[str]] = {}
    for row in tables._all_subclasses(tables.Row):
        if "table_name" in vars(row.Meta):
            names = {index["index_name"] for index in row._get_schema()["global_secondary_indexes"]}
            found.setdefault(vars(row.Meta)["table_name"].table, set()).update(names)
    return {table: sorted(names) for table, names in found.items()}


def differences() -> dict[str, tuple[list[str], list[str]]]:
    """Return, by table, what the template has and what the stores query, where they are not the same."""
    stores = queried()
    template = {name: sorted(traits["indexes"]) for name, traits in declared("tables").items()}
    return {
        table: (has, stores.get(table, [])) for table, has in template.items() if has != stores.get(table, [])
    }


def _rewrite(path: Path, wanted: dict[str, tuple[list[str], list[str]]]) -> None:
    text = path.read_text()
    for table, (_, names) in wanted.items():
        pattern = rf"(?ms)^({table}:.*?indexes: )\[[^\]]*\]"
        text = re.sub(pattern, rf"\g<1>[{', '.join(names)}]", text, count=1)
    path.write_text(text)


def main() -> int:
    """Rewrite the declaration, or with `--check` only say what differs; return 1 when something did and was left."""
    found = differences()
    for table, (has, queries) in found.items():
        print(f"{table}: the template has {has or 'no index'}, the stores query {queries or 'none'}")
    if "--check" not in sys.argv[1:]:
        _rewrite(RESOURCES / "tables.yaml", found)
        return 0
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
