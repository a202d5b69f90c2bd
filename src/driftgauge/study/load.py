"""A study folder read: the declared study, or every mistake of it with its line."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, cast

from pydantic import ValidationError

from driftgauge.errors import Problem, StudyError
from driftgauge.study.declared import Study
from driftgauge.study.lines import MOST_PROBLEMS, Document, read_document
from driftgauge.study.messages import Location, Mistake, mistakes_in
from driftgauge.study.places import leaves, local_path
from driftgauge.study.together import files_in, mistakes_between

STUDY_FILE: Final = "study.yaml"
_PLACES: Final = ("benchmark", "store", "media")


def load_study(path: Path) -> Study:
    """Read the study in a folder.

    Parameters
    ----------
    path
        The folder, or the ``study.yaml`` in it.

    Raises
    ------
    StudyError
        With every mistake, its line and what was expected.
    """
    file = _file(path)
    document = read_document(file)
    value = cast(dict[str, object], document.value)
    if not isinstance(document.value, dict):
        problem = Problem(file.name, "it declares nothing", "lines such as `study: my-study`")
        raise StudyError(f"{file.name} is not a study", problems=[problem], remedy="Begin with driftgauge init.")
    study, mistakes = _read(document)
    mistakes += _leaving(value, file.parent)
    if study is None or mistakes:
        problems = document.problems(mistakes)
        count = f"{len(problems)} mistake{'s' * (len(problems) != 1)}"
        raise StudyError(f"{file.name} has {count}", problems=problems, remedy="Correct these lines.")
    return study.in_folder(file.parent)


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    if not (path / STUDY_FILE).exists():
        raise StudyError(f"{path} has no {STUDY_FILE}", remedy=f"driftgauge init {path}")
    return path / STUDY_FILE


def _read(document: Document) -> tuple[Study | None, list[Mistake]]:
    """Return the study if it is one, and its mistakes: of keys, of fields, and of fields with each other."""
    value = cast(dict[str, object], document.value)
    mistakes = [*document.twice, *islice(mistakes_between(value), MOST_PROBLEMS)]
    try:
        return Study.model_validate(value), mistakes
    except ValidationError as error:
        found = list(mistakes_in(error, model=Study))
        of_fields = [each for each in found if each.at]  # what does not fit together is there already, with its lines
        return None, [*mistakes, *of_fields] or found


def _leaving(value: dict[str, object], folder: Path) -> Iterator[Mistake]:
    places: list[tuple[Location, object]] = [((key,), value.get(key)) for key in _PLACES]
    for at, place in (*places, *files_in(value)):
        path = local_path(place) if isinstance(place, str) else None
        if path and leaves(folder, path):
            yield Mistake(at, f"{at[-1]} is a link that leaves the study folder", "a place inside it")
