"""Is a judge one of the releases that it judges? By its model id, and by the model that says it answered."""

from driftgauge.errors import RatingError, shown_name
from driftgauge.store.collected import served_models
from driftgauge.store.database import Connection
from driftgauge.study import Judge, Study

_REMEDY = "Declare another model for the judge; or say that it is meant: --judge-tested-release."


def refuse_tested(connection: Connection, study: Study, judge: Judge, *, served: str | None) -> None:
    """See that a judge is no release of the study.

    Parameters
    ----------
    connection
        Of a transaction.
    study
        Whose releases are under test.
    judge
        As it is declared; a simulated one is nobody, and a replayed one is what its record says.
    served
        The model that served it before, if any.

    Raises
    ------
    RatingError
        When its model id, or the model that served it, is that of a release: it would mark its own work.
    """
    declared = {_end(each.model): each.release for each in study.declared_releases.values() if each.model}
    if judge.model and judge.client != "simulated" and _end(judge.model) in declared:
        raise RatingError(
            f"judge {judge.judge} is the model of {declared[_end(judge.model)]}, which is under test; nothing was asked",
            remedy=_REMEDY,
        )
    under_test = served_models(connection)
    for name in (served, judge.model if judge.client != "simulated" else None):
        if name:
            refuse_served(name, under_test, judge=judge.judge)


def refuse_served(served: str, under_test: dict[str, str], *, judge: str) -> None:
    """See that the model that answered as a judge answered as no release.

    Parameters
    ----------
    served
        What says that it answered.
    under_test
        Served model to the release that it answered as.
    judge
        Its name.

    Raises
    ------
    RatingError
        When it did.
    """
    releases = {_end(name): release for name, release in under_test.items()}
    if _end(served) in releases:
        raise RatingError(
            f"judge {judge} is {shown_name(served)}, which answered as {releases[_end(served)]}, a release under test",
            remedy=f"What it said is kept, and no rating was made of it. {_REMEDY}",
        )


def _end(model: str | None) -> str:
    """Return a model id without the services that it goes through: the same model by another road is the same model."""
    return (model or "").rpartition("/")[2].casefold()
