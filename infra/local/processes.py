"""The two processes of a local city: started apart from the terminal, remembered, stopped in order."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from infra.local.place import HOST, REGION, Place, Trouble, write_json
from infra.package import ROOT

# A clean stop writes the whole state to disk; a large city needs a while for that.
_PATIENCE_SECONDS = 60.0
# Processes that this one started: they must be waited for, or they stay as zombies.
_children: dict[int, subprocess.Popen[bytes]] = {}


def running(place: Place) -> dict[str, int]:
    """Return the ids of this city's processes that are alive, by name."""
    path = place.folder / "processes.json"
    known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    return {name: pid for name, pid in known.items() if _is_ours(pid, name)}


def _is_ours(pid: int, name: str) -> bool:
    """Say whether `pid` is still that process, and not another that got its number later."""
    if pid in _children:
        return _children[pid].poll() is None
    told = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        return told.exists() and name in told.read_text()
    words = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return name in words.stdout


def start_ministack(place: Place) -> None:
    """Start the local cloud and wait until it answers."""
    state = place.folder / "state"
    scratch = place.folder / "tmp"
    throw_away(scratch)  # What a run that was killed had unpacked.
    for folder in (state, scratch, place.folder / "s3"):
        folder.mkdir(parents=True, exist_ok=True)
    _forget_stream_positions(state / "lambda.json")
    settings = {
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(place.port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(place.folder / "s3"),
        "TMPDIR": str(scratch),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": os.environ.get("MINISTACK_LOG", "WARNING"),
        # A worker costs a second of the cloud's own time to make, since it unpacks the layers: keep them.
        "LAMBDA_WARM_TTL_SECONDS": "3600",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "1",
    } | place.credentials()
    python = ROOT / ".local" / "ministack" / "bin" / "python"
    _start(place, "ministack", [str(python), "-m", "ministack"], settings)
    _until_answers(place, "ministack", f"{place.endpoint}/_ministack/health")


def throw_away(folder: Path) -> None:
    """Let a folder be gone at once; its files go behind everybody's back, so that nobody waits for the disk.

    Every worker of the local cloud unpacks its layers: some gigabytes in tens of thousands of files.
    """
    if not folder.exists():
        return
    rubbish = folder.with_name(f"rubbish-{secrets.token_hex(4)}")
    folder.rename(rubbish)
    command = ["sh", "-c", 'nice -n 10 rm -rf "$@" &', "sh", *map(str, folder.parent.glob("rubbish-*"))]
    quiet = subprocess.DEVNULL
    subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True, check=True)


def _forget_stream_positions(path: Path) -> None:
    """Cut the stream positions off the kept state: they count records that the state does not keep.

    MiniStack saves how far each function has read its stream, but not the stream. After a restart the stream counts
    from zero again, and a function would sleep until it has grown past the old number. The positions are the last
    entry of the file, which is large, so only its end is read.
    """
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        begin = max(0, size - 1_000_000)
        file.seek(begin)
        tail = file.read()
        if (at := tail.rfind(b'"dynamodb_stream_positions"')) >= 0:
            file.seek(begin + at)
            file.truncate()
            file.write(b'"dynamodb_stream_positions": {}}}')


def start_sandbox(place: Place) -> None:
    """Start the sandbox of WeChat, WeCom, SMS and the real-name check, and wait until it answers."""
    command = [sys.executable, "-m", "infra.sandbox", "--host", HOST, "--port", str(place.sandbox_port)]
    _start(place, "infra.sandbox", [*command, "--state", str(place.folder / "sandbox")], {})
    _until_answers(place, "infra.sandbox", f"{place.sandbox}/messages")


def _start(place: Place, name: str, command: list[str], settings: dict[str, str]) -> None:
    # Nothing of the caller's cloud leaks in: neither credentials nor addresses.
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TABLE_", "URL_"))
    }
    with (place.folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=inherited | settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[process.pid] = process
    write_json(place.folder / "processes.json", running(place) | {name: process.pid})


def _until_answers(place: Place, name: str, url: str, seconds: float = 40.0) -> None:
    def answers() -> bool:
        if name not in running(place):
            raise Trouble(f"{name} ended at once: its last words are in {place.folder / name}.log")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    if not wait_until(answers, seconds):
        raise Trouble(f"{name} does not answer after {seconds:.0f} s: see {place.folder / name}.log")


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.1) -> bool:
    """Wait for a condition, at most `seconds`; return whether it came."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(pause)
    return False


def stop(place: Place) -> bool:
    """Stop the city's processes cleanly, the cloud last; return whether there were any.

    Raises `Trouble` for one that does not end in time.
    """
    alive = running(place)
    for name in sorted(alive):
        pid = alive[name]
        os.kill(pid, signal.SIGTERM)
        if not wait_until(lambda: not _is_ours(pid, name), _PATIENCE_SECONDS):  # noqa: B023
            raise Trouble(f"{name} (process {pid}) does not end; its state may be lost if you kill it")
        # Functions still at work are of its group; they must not go on into the next run.
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    (place.folder / "processes.json").unlink(missing_ok=True)
    throw_away(place.folder / "tmp")
    return bool(alive)
