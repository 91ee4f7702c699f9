"""Make the deployable package in `build/`: `python -m infra.package`.

`template.json` (Chalice's API merged with the house's resources), `functions.zip` (the application), and one zip for
each layer. Paths in the template are relative, as `aws cloudformation package` wants them. The same sources always
make the same bytes.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from infra.bytecode import compiled
from infra.layers import LAYERS, LIMIT_BYTES, build_layer, unzipped_bytes
from infra.template import api, spark
from infra.template.compose import RESOURCE_LIMIT, composed
from infra.zips import digest, files_below, write_zip

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
ARTIFACTS = ("template.json", "functions.zip", "layer-light.zip", "layer-analysis.zip", "layer-imaging.zip")


class PackagingFailed(RuntimeError):
    """The package could not be made; the message says why in one line."""


@contextmanager
def _stage(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    if (seconds := time.monotonic() - started) > 1:
        print(f"package: {what} took {seconds:.1f} s", flush=True)


def package(root: Path = ROOT, build: Path = BUILD, *, unless_current: bool = False) -> str:
    """Make everything in `build`; return the package's hash, which changes only with its content.

    With `unless_current`, what is there stays when no source is younger; two callers never build at once.
    """
    build.mkdir(exist_ok=True)
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if unless_current and (known := _current(root, build)):
            return known
        return _make(root, build)


def _current(root: Path, build: Path) -> str | None:
    """Return the hash of what was built before; None when a source is younger than it, came or went."""
    made = build / "package.sha256"
    if not made.exists():
        return None
    sources = _sources(root)
    known, _, names = made.read_text().strip().partition("\n")
    youngest = max(path.stat().st_mtime for path in sources)
    return known if made.stat().st_mtime > youngest and names == _names(sources) else None


def _sources(root: Path) -> list[Path]:
    sources = [path for path, _ in application_files(root)]
    for folder in ("infra", "requirements", ".chalice"):
        sources += [path for path, _ in files_below(root / folder)]
    return sources


def _names(paths: list[Path]) -> str:
    return hashlib.sha256("\n".join(map(str, sorted(paths))).encode()).hexdigest()


def _make(root: Path, build: Path) -> str:
    print(f"package: building in {build.name}/ ...", flush=True)
    for name in LAYERS:
        with _stage(f"the {name} layer"):
            build_layer(name, root, build)
    if (size := unzipped_bytes(build)) > LIMIT_BYTES:
        raise PackagingFailed(
            f"the layers are {size / 2**20:.0f} MiB unzipped, Lambda takes 250: slim infra/layers.py"
        )
    with _stage("the application"):
        entries = application_files(root)
        bytecode = compiled(entries, build / "bytecode" / "functions", "/var/task")
        write_zip(build / "functions.zip", [*entries, *bytecode])
    with _stage("the template"):
        write_template(root, build)
    made = digest(build / artifact for artifact in ARTIFACTS)
    (build / "package.sha256").write_text(f"{made}\n{_names(_sources(root))}\n")
    return made


def application_files(root: Path) -> list[tuple[Path, str]]:
    """Return what the functions' zip holds: the app, its packages, and the two files of Chalice that run it."""
    chalice = Path(find_spec("chalice").origin or "").parent  # type: ignore[union-attr]
    files = [(chalice / name, f"chalice/{name}") for name in ("__init__.py", "app.py")]
    files += [(root / "app.py", "app.py")]
    for package_name in ("chalicelib", "functions"):
        files += files_below(root / package_name, f"{package_name}/")
    return files


def write_template(root: Path, build: Path) -> None:
    """Write `template.json`: what `chalice package` merges, with the API's deployment made our own."""
    merged = build / "resources.json"
    merged.write_text(json.dumps(composed(), ensure_ascii=False, sort_keys=True))
    template = json.loads(_chalice_package(root, build, merged))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "./functions.zip"
            # Chalice's default asks for X-Ray, which AWS China does not have.
            resource["Properties"].pop("Tracing", None)
    api.take_over(template)
    template["Outputs"] |= spark.outputs()
    if (count := len(template["Resources"])) > RESOURCE_LIMIT:
        raise PackagingFailed(
            f"{count} resources, CloudFormation takes {RESOURCE_LIMIT}: split infra/resources"
        )
    text = json.dumps(template, ensure_ascii=False, indent=1, sort_keys=True)
    (build / "template.json").write_text(text + "\n")


def _chalice_package(root: Path, build: Path, merged: Path) -> str:
    out = build / "chalice"
    shutil.rmtree(out, ignore_errors=True)
    command = [
        str(Path(sys.executable).with_name("chalice")),
        "--project-dir",
        str(root),
        "package",
        "--stage",
        "v1",
    ]
    command += ["--merge-template", str(merged), str(out)]
    # Packaging asks no cloud; the region only decides how services are named, the same in every one we target.
    environment = os.environ | {"AWS_DEFAULT_REGION": "cn-north-1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    shutil.rmtree(root / ".chalice" / "deployments", ignore_errors=True)
    if done.returncode or "Could not install" in done.stdout + done.stderr:
        last_words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-6:])
        raise PackagingFailed(f"chalice package failed:\n{last_words}")
    return (out / "sam.json").read_text()


def main() -> int:
    """Package the house; return the exit code."""
    try:
        made = package()
    except PackagingFailed as failed:
        print(f"package: {failed}", file=sys.stderr)
        return 1
    print(f"package: ready, {made[:12]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
