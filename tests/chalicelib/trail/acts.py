"""Acts, their entries, and the cloud that a trail needs: a signing key and a bucket that locks."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from chalicelib import audit, aws, config, tables
from chalicelib.actors import SYSTEM
from chalicelib.audit import CHAINS, EntryRow
from chalicelib.trail import service, store
from chalicelib.trail.model import Entry, Link

_numbers = count()
MONDAY = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


def audit_cloud(environment: Any) -> None:
    """A bucket with Object Lock and a signing key, named by the environment."""
    bucket = f"test-audit-{next(_numbers)}"
    aws.client("s3").create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": config.region()},
        ObjectLockEnabledForBucket=True,
    )
    environment.setenv("BUCKET_AUDIT", bucket)
    environment.setenv("KEY_AUDIT", signing_key())


def signing_key() -> str:
    made = aws.client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")
    return str(made["KeyMetadata"]["KeyId"])


def no_pause(seconds: float) -> None:
    assert seconds >= 0


def act(now: datetime, target: str = "C1") -> EntryRow:
    """One act's entry, written as the act's transaction writes it."""
    return written([(now, target)])[0]


def written(facts: list[tuple[datetime, str]]) -> list[EntryRow]:
    """The entries of acts at these times on these targets."""
    puts = [audit.entry(SYSTEM, "case.decided", target, at, check="housing") for at, target in facts]
    tables.transact(*puts)
    return [put.item for put in puts if isinstance(put.item, EntryRow)]


def acts(number: int, now: datetime) -> list[Entry]:
    """Entries that are written and linked."""
    rows = written([(now + timedelta(milliseconds=n), f"C{n % 3}") for n in range(number)])
    entries = [Entry(row.entry_id, row.digest) for row in rows]
    assert service.link(entries, now, no_pause) == []
    return entries


def all_links() -> list[list[Link]]:
    return [list(store.links(chain, 0, 10**11)) for chain in range(CHAINS)]


def longest() -> list[Link]:
    """The chain with the most links: the one to tamper with."""
    return max(all_links(), key=len)


def raw() -> Any:
    """The bare client: what an attacker with write access to the table has."""
    return tables.connection().client


def remove(pk: str, sk: str) -> None:
    raw().delete_item(TableName=config.table("audit"), Key={"pk": {"S": pk}, "sk": {"S": sk}})


def change(pk: str, sk: str, **values: str | int) -> None:
    for name, value in values.items():
        raw().update_item(
            TableName=config.table("audit"),
            Key={"pk": {"S": pk}, "sk": {"S": sk}},
            UpdateExpression="SET #n = :v",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": {"N": str(value)} if isinstance(value, int) else {"S": value}},
        )


def rewrite(link: Link) -> None:
    """Put a link in its place, as consistent as its maker wants."""
    change(
        f"CHAIN#{link.chain}",
        f"{link.seq:012}",
        entry_id=link.entry_id,
        entry_digest=link.entry_digest,
        at=link.at,
        prev=link.prev,
        hash=link.hash,
    )
