"""The zips: complete, small enough, for the right machine, and the same every time."""

import re
import subprocess
import sys
import zipfile
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from infra.layers import LAYERS, LIMIT_BYTES, PYTHON, SERVICES, unzipped_bytes
from infra.package import ROOT, application_files
from infra.zips import cached_name, digest, write_zip
from tests.infra.reading import Template

# What may run on x86_64 with Python 3.13 and glibc 2.34.
_FITTING = re.compile(
    rf"(py3|py2\.py3|cp{PYTHON.replace('.', '')}|cp3\d+)-(none|abi3|cp{PYTHON.replace('.', '')})-(.+)"
)


@pytest.fixture(scope="session")
def unzipped(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions' zip, unpacked as Lambda does."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(build / "functions.zip") as archive:
        archive.extractall(folder)
    return folder


def _import(handlers: list[str], unzipped: Path, build: Path, layers: list[str]) -> str:
    """Import handlers with nothing on the path but the zip and the layers; return what went wrong."""
    paths = [str(unzipped), *(str(build / "layers" / layer / "python") for layer in layers)]
    script = (
        "import importlib, sys\n"
        f"sys.path[:] = {paths!r} + [p for p in sys.path if 'site-packages' not in p and p]\n"
        f"for handler in {handlers!r}:\n"
        "    module, name = handler.rsplit('.', 1)\n"
        "    assert callable(getattr(importlib.import_module(module), name)), handler\n"
        "print('imported')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False, cwd=unzipped
    )
    return "" if done.stdout.strip().endswith("imported") else done.stderr[-1500:]


@pytest.mark.parametrize("extra", [None, "analysis", "imaging"])
def test_every_handler_imports_from_the_zip_and_its_layers_alone(
    template: Template, unzipped: Path, build: Path, extra: str | None
) -> None:
    wanted = ["LightLayer", f"{extra.capitalize()}Layer"] if extra else ["LightLayer"]
    handlers = [
        f["Handler"] for f in template.functions().values() if [x["Ref"] for x in f["Layers"]] == wanted
    ]
    assert handlers
    layers = ["light", extra] if extra else ["light"]
    missing = {h: why for h in handlers if (why := _import([h], unzipped, build, layers))}
    assert not missing, "\n".join(f"{handler}: {why}" for handler, why in missing.items())


def test_every_function_module_has_a_function_in_the_template(template: Template) -> None:
    modules = {path.stem for path in (ROOT / "functions").glob("[a-z]*.py")}
    handlers = {
        f["Handler"].split(".")[1] for f in template.functions().values() if "functions." in f["Handler"]
    }
    assert modules == handlers


def test_the_layers_fit_into_lambda_together(build: Path) -> None:
    assert 20 * 2**20 < unzipped_bytes(build) < LIMIT_BYTES


def test_every_wheel_is_for_the_runtime_and_its_machine(build: Path) -> None:
    tags = [
        (wheel.parent.name, line.removeprefix("Tag: ").strip())
        for wheel in build.glob("layers/*/python/*.dist-info/WHEEL")
        for line in wheel.read_text().splitlines()
        if line.startswith("Tag: ")
    ]
    assert len({name for name, _ in tags}) > 15
    by_wheel: dict[str, list[str]] = {}
    for name, tag in tags:
        by_wheel.setdefault(name, []).append(tag)
    for name, own in by_wheel.items():
        assert any(_fits(tag) for tag in own), (name, own)


def _fits(tag: str) -> bool:
    found = _FITTING.fullmatch(tag)
    if not found:
        return False
    platform = found[3]
    if platform == "any":
        return True
    glibc = re.fullmatch(r"manylinux_2_(\d+)_x86_64", platform)
    return platform in ("manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64") or bool(
        glibc and int(glibc[1]) <= 34
    )


def test_the_layers_keep_what_tells_versions(build: Path) -> None:
    for layer in LAYERS:
        assert list((build / "layers" / layer / "python").glob("*.dist-info/METADATA"))


def test_botocore_knows_every_service_that_the_code_calls(build: Path) -> None:
    sources = [path.read_text() for path, name in application_files(ROOT) if name.endswith(".py")]
    called = {
        name
        for source in sources
        for name in re.findall(r"(?:create_client|\bclient)\(\s*\"([a-z0-9-]+)\"", source)
    }
    assert "s3" in called
    assert called - {"test"} <= SERVICES


def test_the_zip_holds_the_application_and_nothing_else(build: Path) -> None:
    with zipfile.ZipFile(build / "functions.zip") as archive:
        names = archive.namelist()
    top = {name.split("/")[0] for name in names}
    assert top == {"app.py", "__pycache__", "chalice", "chalicelib", "functions"}
    sources = {name for name in names if name.endswith(".py")}
    assert {name for name in names if name.endswith(".pyc")} == {cached_name(name) for name in sources}


def test_a_function_that_starts_finds_its_modules_compiled_and_does_not_check_their_sources(
    build: Path,
) -> None:
    for name in ("functions", *(f"layer-{layer}" for layer in LAYERS)):
        with zipfile.ZipFile(build / f"{name}.zip") as archive:
            sources = [n for n in archive.namelist() if n.endswith(".py")]
            compiled = {n: archive.read(n)[:8] for n in archive.namelist() if n.endswith(".pyc")}
        assert len(compiled) == len(sources) > 50
        assert {head[:4] for head in compiled.values()} == {MAGIC_NUMBER}
        assert {head[4:] for head in compiled.values()} == {bytes([1, 0, 0, 0])}, "PEP 552: unchecked hash"


def test_the_same_files_make_the_same_zip(tmp_path: Path) -> None:
    source = tmp_path / "one.py"
    source.write_text("x = 1\n")
    write_zip(tmp_path / "a.zip", [(source, "one.py"), (source, "deep/one.py")])
    source.touch()
    write_zip(tmp_path / "b.zip", [(source, "deep/one.py"), (source, "one.py")])
    assert digest([tmp_path / "a.zip"]) == digest([tmp_path / "b.zip"])


def test_no_lock_names_where_packages_come_from() -> None:
    locks = list((ROOT / "requirements").glob("*.txt"))
    wanted = {asked.stem for asked in (ROOT / "requirements").glob("*.in")}
    assert {lock.stem for lock in locks} == wanted and len(wanted) >= 7
    for lock in locks:
        text = lock.read_text()
        assert "--hash=sha256:" in text, lock.name
        assert not re.search(r"https?://|file:|--index-url|--find-links", text), lock.name


def test_what_is_deployed_is_what_is_tested() -> None:
    """The layers' versions are the very ones of the environment that runs the tests."""

    def pins(name: str) -> dict[str, str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))

    tested = pins("dev")
    for layer in LAYERS:
        assert pins(layer).items() <= tested.items(), layer
