"""What the pages say is there, is there: links, paths, commands, modules, tests, tables, routes."""

import ast
import importlib.util
import json
import re
import shlex
from functools import cache
from pathlib import Path

import pytest
import yaml

from chalicelib import api, config, http
from docs import routes
from docs.img import terminal
from infra.template.reading import declared

ROOT = Path(__file__).resolve().parent.parent
_NOT_OURS = {".venv", ".local", "build", "node_modules", ".git", ".hypothesis", ".pytest_cache"}
PAGES = sorted(
    path.relative_to(ROOT) for path in ROOT.rglob("*.md") if not _NOT_OURS & set(path.relative_to(ROOT).parts)
)
# The how-tos make these up to show where a new one would be.
_MADE_UP = ("gas_accounts", "do_something", "thing_application")
_TOP = r"(?:chalicelib|functions|infra|events|simulation|bench|tests|docs|requirements|\.ci|\.chalice)/"
_PATH = re.compile(rf"^(?:{_TOP}[\w./-]*|app\.py|Makefile|pyproject\.toml)(?:::\w+)?$")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def read(page: Path) -> str:
    return (ROOT / page).read_text("utf-8")


def code(page: Path) -> list[str]:
    return [part.strip("`") for part in _CODE.findall(read(page))]


def without_code(page: Path) -> str:
    return _CODE.sub(lambda part: "" if part[0].startswith("```") else part[0], read(page))


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(line.lstrip("#")) for line in read(page).splitlines() if line.startswith("#")}


def test_there_are_pages() -> None:
    wanted = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/privacy.md"}
    assert wanted <= {str(page) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    dead = []
    for target in _LINK.findall(without_code(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = ROOT / page.parent / name if name else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_path_and_test_that_is_named_exists(page: Path) -> None:
    named = {part for part in code(page) if _PATH.match(part) and not any(made in part for made in _MADE_UP)}
    assert sorted(part for part in named if not _is_there(part)) == []


def _is_there(name: str) -> bool:
    path, _, test = name.partition("::")
    if not (ROOT / path).exists():
        return False
    return not test or test in _functions(ROOT / path)


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for part in code(page) for name in re.findall(r"\bmake ([a-z]+)\b", part)}
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_module_that_is_run_exists(page: Path) -> None:
    named = {name for part in code(page) for name in re.findall(r"python3? -m ([\w.]+)", part)}
    assert sorted(name for name in named if importlib.util.find_spec(name) is None) == []


def test_every_promise_names_a_test_or_says_that_none_shows_it() -> None:
    rows = [line for line in read(Path("docs/privacy.md")).splitlines() if line.startswith("| ")]
    promises = rows[rows.index("| promise | shown by | state |") + 1 :]
    silent = [
        row
        for row in promises
        if "promise | shown by" not in row
        and "::test_" not in row
        and "not tested yet" not in row
        and not re.search(r"\b(?:not|are not|is not) built\b", row)
    ]
    assert len(promises) > 40
    assert silent == []


def test_privacy_tells_every_bucket_s_days() -> None:
    text = read(Path("docs/privacy.md")).replace(",", "")
    days = [day for traits in declared("buckets").values() for day in traits.get("expire_days", {}).values()]
    days += [traits["locked_days"] for traits in declared("buckets").values() if "locked_days" in traits]
    kept = [day for day in days if day != 2]  # Papers that nobody claimed: a bucket's housekeeping.
    assert [day for day in kept if f"{day} days" not in text] == []


def _sections() -> dict[str, list[list[str]]]:
    """The tables of the access patterns by their headings: each row's cells."""
    found: dict[str, list[list[str]]] = {}
    name = ""
    for line in read(Path("docs/access_patterns.md")).splitlines():
        if line.startswith("## "):
            name = line[3:]
            found[name] = []
        elif line.startswith("| ") and "|---" not in line and not line.startswith("| question"):
            found[name].append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def test_access_patterns_speak_of_every_table_and_no_other() -> None:
    tables = set(config.KINDS["TABLE"])
    assert set(_sections()) == tables
    named = {
        word
        for rows in _sections().values()
        for row in rows
        for word in re.findall(r"[a-z]+", _tables(row[1]))
    }
    assert named <= tables


def _tables(cell: str) -> str:
    return re.sub(r"`[^`]*`|/", "", cell)


def test_access_patterns_speak_of_every_index_and_no_other() -> None:
    named = {
        (table, index)
        for table, rows in _sections().items()
        for row in rows
        for index in re.findall(r"`(by_\w+)`", row[1])
    }
    assert named == {(t, index) for t, traits in declared("tables").items() for index in traits["indexes"]}


def test_every_row_of_the_access_patterns_is_whole_and_no_route_scans() -> None:
    rows = [row for rows in _sections().values() for row in rows]
    assert [row for row in rows if len(row) != 5 or not all(row)] == []
    scans = [row for row in rows if "scan" in row[2]]
    assert scans
    assert [row[0] for row in scans if "never a request path" not in row[3] or "`GET" in row[3]] == []


def test_only_those_who_the_access_patterns_say_may_scan() -> None:
    may = {
        (name, table)
        for name, traits in declared("functions").items()
        for table, rights in traits["needs"].get("tables", {}).items()
        if "scan" in rights
    }
    said = {
        (name, table)
        for table, rows in _sections().items()
        for row in rows
        if "**scan**" in row[2]
        for name in re.findall(r"`(\w+)`", row[3])
        if name in declared("functions")
    }
    assert may == said


def test_the_route_table_is_current() -> None:
    assert read(Path("docs/api.md")) == routes.page(api.routes())


def test_every_route_of_the_openapi_document_is_in_the_route_table() -> None:
    route = next(route for route in api.routes() if route.path == "/openapi.json")
    document = json.loads(http.respond(route, http.Request({}, {}, {}, b"")).body)
    text = read(Path("docs/api.md"))
    declared_routes = [f"`{m.upper()} {path}`" for path, found in document["paths"].items() for m in found]
    assert len(declared_routes) > 30
    assert [name for name in declared_routes if name not in text] == []


def _commands(page: Path) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", read(page), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if "$API/" in line and "--json" in line]
    return [shlex.split(re.sub(r"^\w+=\$\(|\| token\)$", "", line)) for line in lines]


def test_what_the_readme_sends_is_what_the_routes_take() -> None:
    sent = 0
    for words in _commands(Path("README.md")):
        method = words[words.index("-X") + 1] if "-X" in words else "POST"
        path = (
            next(word for word in words if word.startswith("$API"))
            .removeprefix("$API")
            .replace("$CASE", "{id}")
        )
        route = next(route for route in api.routes() if (route.method, route.path) == (method, path))
        assert route.body is not None
        route.body.model_validate_json(words[words.index("--json") + 1])
        sent += 1
    assert sent >= 5


def test_the_contexts_graph_is_the_one_of_the_imports() -> None:
    graph = re.search(r"```mermaid\ngraph TD\n(.*?)```", read(Path("docs/architecture.md")), re.DOTALL)
    assert graph is not None
    drawn = set(re.findall(r"(\w+) --> (\w+)", graph[1]))
    contexts = {path.parent.name for path in (ROOT / "chalicelib").glob("*/__init__.py")}
    imported = {(name, other) for name in contexts for other in _imports(name) & contexts if other != name}
    assert drawn == imported
    assert contexts == set(re.findall(r"\w+", graph[1]))


def _imports(context: str) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "chalicelib" / context).rglob("*.py"):
        found |= set(re.findall(r"from chalicelib\.(\w+)", path.read_text("utf-8")))
    return found


def test_the_architecture_names_every_function_queue_and_bucket() -> None:
    text = read(Path("docs/architecture.md"))
    names = [*declared("functions"), *declared("queues"), *declared("buckets"), *declared("tables")]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


def test_no_drawing_holds_what_mermaid_takes_for_an_end_of_line() -> None:
    drawings = [d for page in PAGES for d in re.findall(r"```mermaid\n(.*?)```", read(page), re.DOTALL)]
    assert len(drawings) >= 4
    assert [line for d in drawings for line in d.splitlines() if ";" in line or "#" in line] == []


def test_every_decision_is_in_the_index_with_its_title() -> None:
    index = read(Path("docs/decisions/README.md"))
    for path in sorted((ROOT / "docs" / "decisions").glob("0*.md")):
        number, title = path.read_text("utf-8").splitlines()[0].removeprefix("# ").split(" · ", 1)
        assert f"| [{number}]({path.name}) | {title} |" in index


def test_every_example_in_yaml_reads() -> None:
    blocks = [b for page in PAGES for b in re.findall(r"```yaml\n(.*?)```", read(page), re.DOTALL)]
    assert blocks
    assert all(isinstance(yaml.safe_load(block), dict) for block in blocks)


def test_the_drawing_of_a_text_is_the_same_each_time_and_holds_all_of_it() -> None:
    text = "$ make run\n\n  files   16  <rows> & 居住登记\n  API     http://127.0.0.1:4566/x   (GET)\n"
    drawn = terminal.card(text, "make run")
    assert drawn == terminal.card(text, "make run")
    for part in ("$ make run", ">16<", "&lt;rows&gt; &amp; 居住登记", "http://127.0.0.1:4566/x", "(GET)"):
        assert part in drawn


def test_every_picture_is_drawn_from_the_text_beside_it_and_shown() -> None:
    for picture in (ROOT / "docs" / "img").glob("*.svg"):
        text = picture.with_suffix(".txt").read_text("utf-8")
        assert picture.read_text("utf-8") == terminal.card(text, "make run")
        assert f"docs/img/{picture.name}" in read(Path("README.md"))


def test_no_page_speaks_of_a_machine_of_ours() -> None:
    absolute = re.compile(r"(?<![\w.:])/(?:work|tmp|home|root)/")
    assert [str(page) for page in PAGES if absolute.search(read(page))] == []
