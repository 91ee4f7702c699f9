"""What families, officers and everybody see of a run."""

from datetime import datetime
from typing import Final

from chalicelib import aws, clock, config
from chalicelib.actors import Actor
from chalicelib.errors import NotFound
from chalicelib.identity import model as identities
from chalicelib.identity import service as identity
from chalicelib.insight import service as insight
from chalicelib.schooling import model, policy, receipts, store
from chalicelib.schooling.model import SHOWN, Application, Cutoff, Entry, Run
from chalicelib.schooling.views import (
    MyPlace,
    MyPlaces,
    PlacesQuery,
    PublicPlace,
    RoundPlace,
    RunCounts,
    RunFiles,
    RunList,
    RunsQuery,
    RunView,
    SchoolCounts,
)
from chalicelib.shapes import Page, Title

LINK_SECONDS: Final = 900


def run_view(run: Run, files: RunFiles | None = None) -> RunView:
    """A run as everybody sees it; what came out only from its publicity on."""
    known = run.model_dump(include=set(RunView.model_fields) - {"mechanism", "files"})
    if run.state not in SHOWN:
        known |= {"placed": None, "result_sha256": None}
    if 0 < (run.without_points or 0) < insight.K:
        known["without_points"] = None
    return RunView(mechanism=policy.policy(run.policy).mechanism, files=files, **known)


def runs(query: RunsQuery, now: datetime) -> RunList:
    """A district's runs of a year."""
    year = query.year or clock.local_date(now).year
    return RunList(items=[run_view(run) for run in store.runs(year, query.district)])


def run(run_id: str) -> RunView:
    """One run, with links to its two files once it is public; raises ``NotFound``."""
    found = _run(run_id)
    files = RunFiles(inputs=_link(run_id, "inputs"), result=_link(run_id, "result"))
    return run_view(found, files if found.state in SHOWN else None)


def _run(run_id: str) -> Run:
    found = store.run(run_id, consistent=False)
    if found is None:
        raise NotFound("school_run_not_found")
    return found[0]


def _shown(run_id: str) -> Run:
    found = _run(run_id)
    if found.state not in SHOWN:
        raise NotFound("school_run_not_public")
    return found


def _link(run_id: str, name: str) -> str:
    params = {"Bucket": config.bucket("published"), "Key": f"schooling/{run_id}/{name}.json"}
    url: str = aws.client("s3").generate_presigned_url("get_object", Params=params, ExpiresIn=LINK_SECONDS)
    return url


def public_list(run_id: str, query: PlacesQuery) -> Page[PublicPlace]:
    """Who got which school, names masked, in no telling order; raises ``NotFound`` before the publicity.

    A child's reference in the files never stands beside the name: whoever knew it could read all wishes.
    """
    _shown(run_id)
    found, following = store.entry_page(run_id, query.limit, query.next)
    placed = [entry for entry in found if entry.school is not None]
    known = identity.profiles(entry.child for entry in placed)
    items = [
        PublicPlace(child=_masked(known.get(entry.child)), school=entry.school)
        for entry in placed
        if entry.school is not None
    ]
    return Page[PublicPlace](items=items, next=following)


def _masked(profile: identities.Profile | None) -> str:
    return identities.mask_name(profile.name) if profile and profile.name else "*"


def counts(actor: Actor, run_id: str, language: str) -> RunCounts:
    """The schools of a run for officers: places, how many were admitted, by class with small counts taken out."""
    found = _run(run_id)
    actor.require_region(found.district)
    if found.state not in SHOWN:
        raise NotFound("school_run_not_public")
    rules, schools = policy.policy(found.policy), store.schools(found.year, found.district)
    titles = [each.title.in_language(language) for each in rules.classes]
    cutoffs = sorted(store.cutoffs(run_id).items())
    admitted = receipts.protected([cutoff.admitted for _, cutoff in cutoffs], insight.K)
    items = []
    for (school, cutoff), shown in zip(cutoffs, admitted, strict=True):
        name = schools[school].name.in_language(language) if school in schools else school
        items.append(_school_counts(cutoff, name, titles, shown))
    return RunCounts(items=items)


def _school_counts(cutoff: Cutoff, name: str, titles: list[str], admitted: int | None) -> SchoolCounts:
    """``admitted``: as it may be shown; where it may not, the counts that add up to it may not either."""
    if admitted is None:
        by_class = [None if count else 0 for count in cutoff.by_class]
    else:
        by_class = receipts.protected(cutoff.by_class, insight.K)
    return SchoolCounts(
        school=cutoff.school,
        name=name,
        seats=cutoff.seats,
        admitted=admitted,
        last_class=None if cutoff.last_class is None else titles[cutoff.last_class],
        last_points=None if cutoff.last_total is None else str(cutoff.last_total),
        by_class=dict(zip(titles, by_class, strict=True)),
    )


def my_places(actor: Actor) -> MyPlaces:
    """The caller's applications with what each round brought and why."""
    applications = store.applications_of(identity.require_person(actor))
    known = identity.profiles(each.child for each in applications)
    return MyPlaces(items=[_mine(each, known.get(each.child)) for each in applications])


def _mine(application: Application, child: identities.Profile | None) -> MyPlace:
    rounds = [found for number in (1, 2, 3) if (found := _round(application, number))]
    kept = application.model_dump(include={"case", "year", "district", "grade", "status"})
    return MyPlace(child=_masked(child), choices=list(application.choices), rounds=rounds, **kept)


def _round(application: Application, number: int) -> RoundPlace | None:
    run_id = model.run_id(application.year, application.district, application.grade, number)
    found = store.run(run_id, consistent=False)
    if found is None:
        return None
    run = found[0]
    entry = store.entry(run_id, application.case) if run.state in SHOWN else None
    if entry is None:
        code = "not_in_round" if run.state in SHOWN else "waiting"
        said = receipts.said(f"school_said_{code}", day=f"{clock.local_date(run.closes_at)}")
        return RoundPlace(run=run_id, round=number, state=run.state, said=said)
    return _explained(application, run, entry)


def _explained(application: Application, run: Run, entry: Entry) -> RoundPlace:
    rules, schools = policy.policy(run.policy), store.schools(run.year, run.district)
    why = []
    if entry.left_out is None:
        order = [*(wish.school for wish in entry.wishes), *application.choices]
        why = receipts.receipts(entry, list(dict.fromkeys(order)), schools, store.cutoffs(run.id), rules)
    return RoundPlace(
        run=run.id,
        round=run.round,
        state=run.state,
        publicity_until=run.publicity_until,
        ref=entry.ref if entry.left_out is None else None,
        rank=entry.rank,
        points=None if entry.total is None else str(entry.total),
        school=entry.school,
        answer=entry.answer,
        said=_said(run, entry, schools[entry.school].name if entry.school in schools else None),
        choices=why,
    )


def _said(run: Run, entry: Entry, school: Title | None) -> Title:
    if entry.left_out is not None:
        return receipts.said(f"school_said_{entry.left_out}")
    if school is None:
        last = run.round >= len(policy.policy(run.policy).rounds)
        return receipts.said("school_said_none_last" if last else "school_said_none")
    return receipts.said("school_said_placed", school=receipts.both(school))
