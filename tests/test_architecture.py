"""Who may import whom. The rules are HOUSE_STYLE's "Direction"; exceptions are named here with their reason."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINES = 400
# The order of ARCHITECTURE's table, the trail of audit last: a context imports only those before it.
ORDER = (
    "identity",
    "places",
    "forms",
    "cases",
    "residence",
    "corrections",
    "rentals",
    "permits",
    "points",
    "seasons",
    "schooling",
    "housing",
    "feedback",
    "sources",
    "linkage",
    "fieldwork",
    "messaging",
    "monitoring",
    "insight",
    "trail",
)
# A table says "roughly": these edges go against it, and no circle comes of them.
AGAINST_THE_ORDER: dict[tuple[str, str], str] = {
    ("points", "insight"): "every statistic about people goes through the one disclosure control",
    ("schooling", "insight"): "every statistic about people goes through the one disclosure control",
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}
# What a pure model may import besides Pydantic and the standard library: values and rules of the floor, no I/O.
PURE_FLOOR = {"editions", "errors", "clock", "shapes", "regions", "idnumbers", "texts"}
PURE_LIBRARIES = {"pydantic", "pydantic_core", "stdnum"}
FLOOR_ROOM = {"outside"}  # A package, but floor: the thin clients of outside systems belong to no context.
EDGES = {"http", "app", "api"}
LAMBDA_LIBRARIES = {"aws_lambda_powertools"}
# The readings of one context's model that another may import: values that cross a service's border.
SHARED = {"model", "views"}


# A stream hands over rows as the table keeps them: only the store that owns them can read such an image.
READ_IMAGES = {"chain_audit", "count_changes"}


@dataclass(frozen=True)
class Module:
    """A source file and what it imports, each import as the dotted name of a module."""

    path: Path
    imports: frozenset[str]

    @property
    def parts(self) -> tuple[str, ...]:
        return self.path.relative_to(ROOT).with_suffix("").parts

    @property
    def context(self) -> str | None:
        """The context that it belongs to; None for the floor, functions and the app."""
        parts = self.parts
        return (
            parts[1] if parts[0] == "chalicelib" and len(parts) > 2 and parts[1] not in FLOOR_ROOM else None
        )

    @property
    def role(self) -> str:
        """``model``, ``store``, ``service``, ``routes`` or another part of a context."""
        return self.parts[-1]

    def others(self) -> Iterator[tuple[str, str]]:
        """Imports of contexts, its own included: context and module."""
        for name in self.imports:
            parts = name.split(".")
            inside = parts[0] == "chalicelib" and len(parts) > 1 and parts[1] not in FLOOR_ROOM
            if inside and (ROOT / "chalicelib" / parts[1]).is_dir():
                yield parts[1], parts[2] if len(parts) > 2 else "__init__"

    def floor(self) -> set[str]:
        """Imports of the floor's modules."""
        found = {name.split(".")[1] for name in self.imports if name.startswith("chalicelib.")}
        return {name for name in found if (ROOT / "chalicelib" / f"{name}.py").exists() or name in FLOOR_ROOM}

    def libraries(self) -> set[str]:
        """Top-level names of everything imported that is not ours."""
        ours = {"chalicelib", "functions", "infra", "app", "tests", "simulation", "bench"}
        return {name.split(".")[0] for name in self.imports} - ours


def read(path: Path) -> Module:
    """A module with its imports, those inside functions too; those for types alone left out."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= set(_of_from(node.module or "", [alias.name for alias in node.names]))
    return Module(path, frozenset(found))


def _of_from(module: str, names: list[str]) -> Iterator[str]:
    folder = ROOT / module.replace(".", "/")
    for name in names:
        is_module = (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()
        yield f"{module}.{name}" if folder.is_dir() and is_module else module


MODULES = [read(path) for top in ("chalicelib", "functions") for path in sorted((ROOT / top).rglob("*.py"))]
MODULES.append(read(ROOT / "app.py"))
CONTEXTS = sorted({module.context for module in MODULES if module.context})


def named(module: Module) -> str:
    return "/".join(module.parts)


def of_role(*roles: str) -> list[Module]:
    return [module for module in MODULES if module.context and module.role in roles]


@pytest.mark.parametrize("module", of_role("model"), ids=named)
def test_a_model_is_pure(module: Module) -> None:
    """It may use another context's values: a receipt is the same thing in cases and in residence."""
    outside = module.libraries() - PURE_LIBRARIES - set(__import__("sys").stdlib_module_names)
    assert outside == set()
    assert module.floor() <= PURE_FLOOR
    assert {name for context, name in module.others() if context != module.context} <= {"model"}
    own = {name for context, name in module.others() if context == module.context}
    assert not own & {"store", "service", "routes"}


@pytest.mark.parametrize("module", of_role("store"), ids=named)
def test_a_store_knows_its_own_model_and_the_floor(module: Module) -> None:
    assert {name for context, name in module.others() if context != module.context} <= {"model"}
    assert "service" not in {name for context, name in module.others()}
    assert not module.floor() & EDGES


@pytest.mark.parametrize("module", [m for m in MODULES if m.context], ids=named)
def test_contexts_meet_at_their_services_and_share_values_only(module: Module) -> None:
    for context, name in module.others():
        if context != module.context:
            assert name in {"service"} | SHARED, f"{context}.{name} is {context}'s own business"


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_only_the_edge_knows_chalice_and_http(module: Module) -> None:
    is_edge = module.role in {"routes", "app"} or module.parts in {
        ("chalicelib", name) for name in ("http", "api", "openapi")
    }
    if not is_edge:
        assert "chalice" not in module.libraries()
        assert not module.floor() & {"http", "api", "openapi"}
    if module.role == "routes":
        assert "chalice" not in module.libraries(), "a route is declared; only http meets Chalice"


@pytest.mark.parametrize("module", of_role("routes"), ids=named)
def test_routes_call_services_and_never_stores(module: Module) -> None:
    assert "store" not in {name for _, name in module.others()}
    assert not module.libraries() & {"pynamodb", "botocore"}


@pytest.mark.parametrize("module", [m for m in MODULES if m.parts[0] == "functions"], ids=named)
def test_a_function_calls_services_and_no_function_or_route(module: Module) -> None:
    assert not any(name.startswith("functions.") for name in module.imports)
    allowed = {"store"} if module.role in READ_IMAGES else set()
    assert not ({"routes", "store"} & {name for _, name in module.others()}) - allowed
    assert not module.floor() & EDGES


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_nothing_imports_the_app_or_a_function(module: Module) -> None:
    assert not {name for name in module.imports if name == "app" or name.startswith("functions")}


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.parts[0] == "chalicelib" and not m.context], ids=named
)
def test_the_floor_carries_the_contexts_and_does_not_know_them(module: Module) -> None:
    """But for ``api``, whose job is to know them all."""
    if module.role != "api":
        assert list(module.others()) == []


@pytest.mark.parametrize("module", [m for m in MODULES if m.context], ids=named)
def test_a_context_imports_only_those_before_it(module: Module) -> None:
    assert module.context in ORDER, "name the new context in ORDER"
    for context, _ in module.others():
        if context != module.context and (module.context, context) not in AGAINST_THE_ORDER:
            assert ORDER.index(context) < ORDER.index(module.context), (
                f"{module.context} may not know {context}"
            )


def test_contexts_form_no_circle() -> None:
    graph: dict[str, set[str]] = {context: set() for context in CONTEXTS}
    for module in MODULES:
        if module.context:
            graph[module.context] |= {context for context, _ in module.others()} - {module.context}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_context_says_what_it_is_for(context: str) -> None:
    tree = ast.parse((ROOT / "chalicelib" / context / "__init__.py").read_text("utf-8"))
    assert len(ast.get_docstring(tree) or "") > 60


def test_boto3_is_nobodys() -> None:
    assert [named(module) for module in MODULES if "boto3" in module.libraries()] == []


def sources() -> list[Path]:
    """Every Python file of ours, tests included."""
    tops = ("chalicelib", "functions", "infra", "simulation", "bench", "tests")
    found = [path for top in tops for path in (ROOT / top).rglob("*.py") if "node_modules" not in path.parts]
    return [*found, ROOT / "app.py"]


def test_no_file_is_called_after_nothing() -> None:
    assert [
        path for path in sources() if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES
    ] == []


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = {
        str(p.relative_to(ROOT)): n
        for p in sources()
        if (n := len(p.read_text("utf-8").splitlines())) > LINES
    }
    assert long == {}


def test_the_walk_sees_what_it_should(tmp_path: Path) -> None:
    found = read(ROOT / "chalicelib" / "residence" / "service.py")
    assert {"chalicelib.cases.service", "chalicelib.identity.service", "chalicelib.tables"} <= found.imports
    assert ("cases", "service") in set(found.others()) and "tables" in found.floor()
