"""Every attack is found and told apart; what is not an attack is not one."""

import json
from datetime import date, timedelta

import pytest

from chalicelib import aws, config
from chalicelib.errors import Invalid
from chalicelib.trail import roots, service, store
from chalicelib.trail.__main__ import main
from chalicelib.trail.model import Link, Verdict, link_hash
from chalicelib.trail.verification import verify
from tests.chalicelib.trail.acts import (
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    act,
    acts,
    audit_cloud,
    change,
    longest,
    remove,
    rewrite,
    signing_key,
)

MON = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _audit_cloud(cloud: None, monkeypatch: pytest.MonkeyPatch) -> None:
    audit_cloud(monkeypatch)


def kinds(verdict: Verdict) -> set[str]:
    assert verdict.intact == (not verdict.breaks)
    return {found.kind for found in verdict.breaks}


def two_sealed_days() -> None:
    acts(14, MONDAY)
    service.seal(MON, TUESDAY)
    acts(14, TUESDAY)
    service.seal(MON + timedelta(days=1), WEDNESDAY)


def test_a_changed_entry_is_found() -> None:
    two_sealed_days()
    link = longest()[3]
    change(f"ENTRY#{link.entry_id}", "ENTRY", facts='{"check":"school"}')
    found = verify(WEDNESDAY)
    assert [(b.kind, b.chain, b.seq, b.entry) for b in found.breaks] == [
        ("entry_changed", link.chain, link.seq, link.entry_id)
    ]


def test_a_changed_entry_with_a_digest_to_match_is_found() -> None:
    two_sealed_days()
    link = longest()[3]
    row = store.EntryRow.find(f"ENTRY#{link.entry_id}", "ENTRY")
    row.actor = "somebody-else"
    change(row.pk, "ENTRY", actor=row.actor, digest=store.audit.digest(row))
    assert kinds(verify(WEDNESDAY)) == {"entry_changed"}


def test_an_entry_hidden_from_the_search_is_found() -> None:
    two_sealed_days()
    change(f"ENTRY#{longest()[0].entry_id}", "ENTRY", by_target_pk="elsewhere")
    assert kinds(verify(WEDNESDAY)) == {"entry_changed"}


def test_a_deleted_entry_is_found() -> None:
    two_sealed_days()
    link = longest()[2]
    remove(f"ENTRY#{link.entry_id}", "ENTRY")
    found = verify(WEDNESDAY)
    assert [(b.kind, b.entry) for b in found.breaks] == [("entry_missing", link.entry_id)]


def test_a_deleted_entry_with_its_link_is_found() -> None:
    two_sealed_days()
    link = longest()[2]
    remove(f"ENTRY#{link.entry_id}", "ENTRY")
    remove(f"CHAIN#{link.chain}", f"{link.seq:012}")
    found = verify(WEDNESDAY)
    assert ("link_missing", link.chain, link.seq) in [(b.kind, b.chain, b.seq) for b in found.breaks]


def _hide(links: list[Link]) -> None:
    """Cut links off with everything that tells of them, and set the head row back."""
    for link in links:
        remove(f"ENTRY#{link.entry_id}", "ENTRY")
        remove(f"LINKED#{link.entry_id}", "LINKED")
        remove(f"CHAIN#{link.chain}", f"{link.seq:012}")


def test_a_removed_tail_is_found_against_the_signed_root() -> None:
    two_sealed_days()
    links = longest()
    _hide(links[-4:])
    last = links[-5]
    change(f"HEAD#{last.chain}", "HEAD", seq=last.seq, hash=last.hash, at=last.at)
    found = verify(WEDNESDAY)
    assert [(b.kind, b.chain, b.seq) for b in found.breaks] == [("tail_removed", last.chain, last.seq + 1)]


def test_a_tail_removed_since_the_last_root_is_found_against_the_head() -> None:
    acts(20, MONDAY)
    links = longest()
    _hide(links[-2:])
    found = verify(MONDAY)
    assert [(b.kind, b.seq) for b in found.breaks] == [("tail_removed", links[-2].seq)]


def test_a_head_that_was_set_back_while_links_stay_is_found() -> None:
    acts(20, MONDAY)
    before = longest()[-2]
    change(f"HEAD#{before.chain}", "HEAD", seq=before.seq, hash=before.hash)
    assert kinds(verify(MONDAY)) == {"head_changed"}


def _relinked(links: list[Link]) -> list[Link]:
    """The same links with every hash made anew, as a careful forger would."""
    made: list[Link] = []
    prev = links[0].prev
    for link in links:
        hash_ = link_hash(link.chain, link.seq, link.entry_id, link.entry_digest, link.at, prev)
        made.append(Link(link.chain, link.seq, link.entry_id, link.entry_digest, link.at, prev, hash_))
        prev = hash_
    return made


def _swapped(links: list[Link]) -> list[Link]:
    first, second, *rest = links
    one = Link(first.chain, first.seq, second.entry_id, second.entry_digest, first.at, first.prev, first.hash)
    two = Link(
        second.chain, second.seq, first.entry_id, first.entry_digest, second.at, second.prev, second.hash
    )
    return [one, two, *rest]


def test_reordered_links_are_found() -> None:
    acts(20, MONDAY)
    for link in _swapped(longest()):
        rewrite(link)
    assert kinds(verify(MONDAY)) == {"link_changed"}


def test_reordered_links_with_new_hashes_do_not_fit_their_neighbours() -> None:
    acts(20, MONDAY)
    for link in _relinked(_swapped(longest())[:2]):
        rewrite(link)
    assert kinds(verify(MONDAY)) == {"link_order"}


def test_a_whole_chain_written_anew_is_found_against_the_head() -> None:
    acts(20, MONDAY)
    for link in _relinked(_swapped(longest())):
        rewrite(link)
    assert kinds(verify(MONDAY)) == {"head_changed"}


def test_a_whole_chain_written_anew_with_its_head_is_found_against_the_signed_root() -> None:
    two_sealed_days()
    made = _relinked(_swapped(longest()))
    for link in made:
        rewrite(link)
    change(f"HEAD#{made[-1].chain}", "HEAD", hash=made[-1].hash)
    assert kinds(verify(WEDNESDAY)) == {"chain_rewritten"}
    assert kinds(verify(WEDNESDAY, from_date=MON + timedelta(days=1))) == {"chain_rewritten", "link_order"}


def _put_root(day: str, body: bytes) -> None:
    aws.client("s3").put_object(Bucket=config.bucket("audit"), Key=roots.key_of(day), Body=body)


def test_a_root_laid_over_another_is_found_and_the_first_still_counts() -> None:
    two_sealed_days()
    forged = roots.sign(roots.read("2026-11-23", roots.days()["2026-11-23"]).sealed.root)  # type: ignore[union-attr]
    _put_root("2026-11-23", forged.model_dump_json().encode())
    found = verify(WEDNESDAY)
    assert [(b.kind, b.date) for b in found.breaks] == [("root_replaced", "2026-11-23")]


def test_a_deleted_root_is_found() -> None:
    two_sealed_days()
    aws.client("s3").delete_object(Bucket=config.bucket("audit"), Key=roots.key_of("2026-11-24"))
    assert [(b.kind, b.date) for b in verify(WEDNESDAY).breaks] == [("root_replaced", "2026-11-24")]


def _swap_root(day: str, text: str) -> None:
    """Replace a root for good, as somebody could who may bypass the lock."""
    versions = roots.days()[day]
    for version in versions:
        aws.client("s3").delete_object(
            Bucket=config.bucket("audit"),
            Key=roots.key_of(day),
            VersionId=version["VersionId"],
            BypassGovernanceRetention=True,
        )
    if text:
        _put_root(day, text.encode())


def test_a_root_with_other_heads_has_no_valid_signature() -> None:
    two_sealed_days()
    sealed = roots.read("2026-11-24", roots.days()["2026-11-24"]).sealed
    assert sealed is not None
    content = json.loads(sealed.model_dump_json())
    content["root"]["heads"][0]["seq"] -= 1
    _swap_root("2026-11-24", json.dumps(content))
    assert kinds(verify(WEDNESDAY)) == {"root_signature"}


def test_a_root_signed_with_another_key_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    two_sealed_days()
    sealed = roots.read("2026-11-24", roots.days()["2026-11-24"]).sealed
    assert sealed is not None
    ours = config.key_id("audit")
    monkeypatch.setenv("KEY_AUDIT", signing_key())
    forged = roots.sign(sealed.root)
    monkeypatch.setenv("KEY_AUDIT", ours)
    _swap_root("2026-11-24", forged.model_dump_json())
    assert kinds(verify(WEDNESDAY)) == {"root_signature"}


def test_after_a_change_of_key_roots_of_both_keys_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    acts(4, MONDAY)
    service.seal(MON, TUESDAY)
    monkeypatch.setenv("KEY_AUDIT", f"{signing_key()},{config.key_id('audit')}")
    service.seal(MON + timedelta(days=1), WEDNESDAY)
    assert verify(WEDNESDAY).intact
    signers = {roots.read(day, versions).sealed.signature.key for day, versions in roots.days().items()}  # type: ignore[union-attr]
    assert len(signers) == 2


def test_a_root_replaced_by_whoever_has_the_key_does_not_fit_the_next_one() -> None:
    two_sealed_days()
    sealed = roots.read("2026-11-23", roots.days()["2026-11-23"]).sealed
    assert sealed is not None
    heads = [h.model_copy(update={"seq": 0, "hash": "0" * 64}) for h in sealed.root.heads]
    forged = roots.sign(sealed.root.model_copy(update={"heads": heads}))
    _swap_root("2026-11-23", forged.model_dump_json())
    assert [(b.kind, b.date) for b in verify(WEDNESDAY).breaks] == [("root_order", "2026-11-24")]


def test_a_root_missing_between_others_is_found() -> None:
    two_sealed_days()
    service.seal(MON + timedelta(days=2), MONDAY + timedelta(days=3))
    _swap_root("2026-11-24", "")
    assert [(b.kind, b.date) for b in verify(MONDAY + timedelta(days=3)).breaks] == [
        ("root_missing", "2026-11-24")
    ]


def test_a_root_that_cannot_be_read_is_found() -> None:
    two_sealed_days()
    _swap_root("2026-11-24", "{}")
    assert kinds(verify(WEDNESDAY)) == {"root_unreadable"}


def test_closed_days_without_a_root_are_told() -> None:
    two_sealed_days()
    assert verify(MONDAY + timedelta(days=5)).unsealed == 3


def test_an_entry_without_a_link_is_pending_after_the_grace_time() -> None:
    acts(3, MONDAY)
    act(MONDAY)
    assert verify(MONDAY + timedelta(minutes=5)).pending == 0
    late = verify(MONDAY + timedelta(minutes=20))
    assert (late.pending, late.intact) == (1, True)


def test_a_marker_without_a_link_does_not_hide_an_entry() -> None:
    row = act(MONDAY)
    store.LinkedRow(f"LINKED#{row.entry_id}", "LINKED", chain=0, seq=1).save()
    assert verify(MONDAY + timedelta(minutes=20)).pending == 1


def test_a_range_starts_behind_the_last_root_before_it() -> None:
    two_sealed_days()
    whole, later = verify(WEDNESDAY), verify(WEDNESDAY, from_date=MON + timedelta(days=1))
    assert (whole.entries, later.entries) == (28, 14)
    assert verify(WEDNESDAY, to_date=MON).entries == 14


@pytest.mark.parametrize(("first", "last"), [(date(2026, 11, 24), MON), (date(2026, 10, 1), MON)])
def test_a_range_that_makes_no_sense_is_a_clear_problem(first: date, last: date) -> None:
    with pytest.raises(Invalid):
        verify(WEDNESDAY, first, last)


def test_the_command_says_whether_the_trail_holds(capsys: pytest.CaptureFixture[str]) -> None:
    link_count = len(acts(12, MONDAY))
    assert main(["verify", "--from", "2026-11-23", "--to", "2026-11-23"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"] == link_count
    link = longest()[0]
    remove(f"ENTRY#{link.entry_id}", "ENTRY")
    assert main(["verify", "--from", "2026-11-23", "--to", "2026-11-23"]) == 1
    assert json.loads(capsys.readouterr().out)["breaks"][0]["kind"] == "entry_missing"
