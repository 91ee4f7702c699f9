"""Raising a local city: processes, deployment, secrets, people; each stage says how long it took."""

import json
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3

from infra import deploy, secrets
from infra.local import city
from infra.local.place import STACK, Place, demand_free, write_json
from infra.local.processes import running, start_ministack, start_sandbox
from infra.package import BUILD
from infra.sandbox.credentials import PUBLISHED

_ARTIFACTS = "ncsl-artifacts"


@contextmanager
def stage(what: str) -> Iterator[None]:
    """Say what begins, how many seconds it is at while it lasts, and how many it took."""
    started = time.monotonic()
    print(f"{what} ...", flush=True)
    over = threading.Event()
    ticking = threading.Thread(target=_tick, args=(what, started, over), daemon=True)
    ticking.start()
    try:
        yield
    finally:
        over.set()
        ticking.join()
    if (seconds := time.monotonic() - started) > 0.5:
        print(f"{what}: {seconds:.1f} s", flush=True)


def _tick(what: str, started: float, over: threading.Event) -> None:
    while not over.wait(2):
        line = f"{what} ... {time.monotonic() - started:.0f} s"
        print(
            f"\r{line}\r" if sys.stdout.isatty() else line,
            end="" if sys.stdout.isatty() else "\n",
            flush=True,
        )


def raise_city(place: Place, people: int, package_hash: str, build: Path = BUILD) -> None:
    """Start what is not running, deploy what has changed, and fill a new city with people."""
    if not running(place):
        _look_back(place)
    place.folder.mkdir(parents=True, exist_ok=True)
    with stage("starting the local cloud and the sandbox"):
        start(place)
    session = place.session()
    if _deployed(place, session) != package_hash:
        with stage("deploying the package"):
            deploy_local(place, session, build)
        write_json(place.folder / "deployed.json", {"package": package_hash})
    write_json(place.folder / "endpoints.json", place.endpoints(), private=True)
    if not (place.folder / "city.json").exists():
        (place.folder / "half_made").touch()
        with stage(f"bringing {people} people to life"):
            city.bring_to_life(place.endpoints(), people, print)
        write_json(place.folder / "city.json", {"people": people})
        (place.folder / "half_made").unlink()


def _look_back(place: Place) -> None:
    """Begin again where the last run left nothing whole, and say so where it was not stopped cleanly."""
    if (place.folder / "half_made").exists():
        print("the last run ended before its city was ready: beginning again")
        forget(place)
    elif (place.folder / "processes.json").exists():
        if not (place.folder / "state" / "cloudformation.json").exists():
            print("the last run was killed before it kept anything: beginning again")
            forget(place)
        else:
            print("the last run was killed: going on from the last clean stop")


def start(place: Place) -> None:
    """Start the cloud and the sandbox unless they run; a taken port is `Trouble`."""
    alive = running(place)
    if "ministack" not in alive:
        demand_free(place.port, "PORT")
        start_ministack(place)
    if "infra.sandbox" not in alive:
        demand_free(place.sandbox_port, "SANDBOX_PORT")
        start_sandbox(place)


def _deployed(place: Place, session: boto3.Session) -> str | None:
    """Return the hash of the package that this city runs, None when it runs none."""
    path = place.folder / "deployed.json"
    if not path.exists() or deploy.stack_status(session, STACK) is None:
        return None
    found: str = json.loads(path.read_text())["package"]
    return found


def deploy_local(place: Place, session: boto3.Session, build: Path) -> None:
    """Deploy the package as it is, with the sandbox as the outside world, and fill the secrets."""
    s3 = session.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(
            Bucket=_ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": session.region_name}
        )
    url = deploy.template_url(session, _ARTIFACTS, deploy.upload(session, _ARTIFACTS, build))
    # People here act at any hour, and are waited for.
    parameters = {"Stage": "local", "Sandbox": place.sandbox, "PublicUrl": place.api, "QuietHours": "none"}
    deploy.deploy(session, STACK, url, parameters, lambda line: None)
    secrets.fill(session, STACK, PUBLISHED.secrets())


def forget(place: Place) -> None:
    """Remove what the city kept; the environment beside it stays."""
    for name in ("state", "s3", "tmp", "sandbox"):
        shutil.rmtree(place.folder / name, ignore_errors=True)
    for name in ("city", "deployed", "endpoints", "root_key", "processes"):
        (place.folder / f"{name}.json").unlink(missing_ok=True)
    (place.folder / "half_made").unlink(missing_ok=True)
