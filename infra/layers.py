"""The Lambda layers: `light` for every function, `analysis` for those that read the city's columns, `imaging` for pictures.

Built for the deployment platform (x86_64, the C library of Amazon Linux 2023), whatever machine builds them,
from the hash-locked requirements, and only when a lock changed.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from infra.bytecode import compiled
from infra.zips import digest, files_below, write_zip

LAYERS = ("light", "analysis", "imaging")
# Which of them a function may have at once: their sizes count together.
TOGETHER = (("light", "analysis"), ("light", "imaging"))
# Amazon Linux 2023 has glibc 2.34; wheels for 2.28 and older run on it.
PLATFORM = "x86_64-manylinux_2_28"
# The runtime is the Python that packages, so that the wheels, the zip and the local cloud agree.
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
RUNTIME = f"python{PYTHON}"
# Lambda's own limit is 250 MiB, unzipped, for a function with all its layers.
LIMIT_BYTES = 250 * 1024 * 1024

# What the analysis never touches. libarrow_substrait stays: every module of PyArrow links to it.
_UNUSED = (
    "bin",
    "stdnum/[a-bd-z]?",  # Other countries' numbers; `cn` and the check digits stay.
    "stdnum/c[a-mo-z]",
    "**/*.pyi",
    "_duckdb-stubs",
    "pyarrow/tests",
    "pyarrow/include",
    "pyarrow/src",
    "pyarrow/**/*.pxi",
    "pyarrow/**/*.pyx",
    "pyarrow/**/*.pxd",
    "pyarrow/libarrow_flight.so*",
    "pyarrow/libarrow_python_flight.so*",
    "pyarrow/_flight*",
    "pyarrow/libarrow_s3.so*",
    "pyarrow/_s3fs*",
    "pyarrow/_gcsfs*",
    "pyarrow/_azurefs*",
    "pyarrow/_hdfs*",
    "pyarrow/_pyarrow_cpp_tests*",
    "pyarrow/libarrow_python.so",
    "pyarrow/libarrow_python.so.*.*.*",
    "pyarrow/libarrow_python_parquet_encryption.so",
    "pyarrow/libarrow_python_parquet_encryption.so.*.*.*",
)

# Botocore describes 400 services; these are the ones that functions call (a test reads the sources for others).
SERVICES = frozenset({"dynamodb", "kms", "s3", "secretsmanager", "sqs", "sts"})


def build_layer(name: str, root: Path, build: Path) -> Path:
    """Build `build/layer-{name}.zip` unless the lock it was built from is still the same; return its path."""
    lock = root / "requirements" / f"{name}.txt"
    zipped = build / f"layer-{name}.zip"
    stamp = build / f"layer-{name}.lock"
    wanted = f"{digest([lock, Path(__file__)])} {RUNTIME} {PLATFORM}\n"
    if zipped.exists() and stamp.exists() and stamp.read_text() == wanted:
        return zipped
    folder = build / "layers" / name
    shutil.rmtree(folder, ignore_errors=True)
    _install(lock, folder / "python")
    _slim(folder / "python")
    # Shared libraries shrink little more at higher levels, and the wait is the newcomer's.
    entries = files_below(folder)
    write_zip(zipped, [*entries, *compiled(entries, build / "bytecode" / name, "/opt")], level=1)
    stamp.write_text(wanted)
    return zipped


def _install(lock: Path, target: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    command = [
        str(uv),
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-deps",
    ]
    command += ["--python", sys.executable, "--python-version", PYTHON, "--python-platform", PLATFORM]
    subprocess.run([*command, "--target", str(target), "-r", str(lock)], check=True)


def _slim(folder: Path) -> None:
    for pattern in _UNUSED:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for service in folder.glob("botocore/data/*/"):
        if service.name not in SERVICES:
            shutil.rmtree(service)


def unzipped_bytes(build: Path) -> int:
    """Return the size of the largest set of layers that a function has, unzipped, in bytes."""
    sizes = {}
    for name in LAYERS:
        with zipfile.ZipFile(build / f"layer-{name}.zip") as archive:
            sizes[name] = sum(member.file_size for member in archive.infolist())
    return max(sum(sizes[name] for name in names) for names in TOGETHER)
