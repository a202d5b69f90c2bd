"""What the parts of a study must agree on, checked on whatever of them can be read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from driftgauge.study.lineage import Standing
from driftgauge.study.messages import Location, Mistake, named, one_of
from driftgauge.study.places import local_path, path_inside
from driftgauge.study.words import as_text, day

Part = Mapping[str, object]


def mistakes_between(study: Part) -> Iterator[Mistake]:
    """Yield what contradicts itself in a study as it is written; what is no part of one is passed over.

    Parameters
    ----------
    study
        A study file as a mapping, or what `Study.written` returns.
    """
    standings = list(_standings(_mapping(study.get("families"))))
    phases = [(("phases", number), _mapping(entry)) for number, entry in enumerate(_list(study.get("phases")))]
    panels = _mapping(study.get("panels"))
    yield from _repeated(((each.at, each.release) for each in standings), "release", "each release once, in one family")
    yield from _falling(standings)
    yield from _repeated(_names(phases, "phase"), "phase", "each phase once")
    yield from _unknown_releases(phases, [each.release for each in standings])
    yield from _untried(_list(_mapping(study.get("authoring")).get("try")), [each.release for each in standings])
    yield from _unknown_panels(phases, list(panels))
    yield from _backwards(phases)
    yield from _overlaps(panels)
    yield from _repeated(_judge_names(study), "judge", "each judge once")
    yield from _replays(study)
    yield from _inside_the_benchmark(study)


def _mapping(value: object) -> Part:
    return cast(Part, value) if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return cast(Sequence[object], value) if isinstance(value, (list, tuple)) else ()


def _standings(families: Part) -> Iterator[Standing]:
    for family, releases in families.items():
        for number, entry in enumerate(_list(releases)):
            mapping = _mapping(entry) or {"release": entry}
            name, generation = as_text(mapping.get("release")), mapping.get("generation", number + 1)
            if name is not None:
                yield Standing(family, name, generation if type(generation) is int else 0, ("families", family, number))


def _names(phases: Sequence[tuple[Location, Part]], key: str) -> Iterator[tuple[Location, str]]:
    for at, phase in phases:
        name = as_text(phase.get(key))
        if name is not None:
            yield (*at, key), name


def _repeated(names: Iterator[tuple[Location, str]], word: str, expected: str) -> Iterator[Mistake]:
    seen: set[str] = set()
    for at, name in names:
        if name in seen:
            yield Mistake(at, f"{word} {named(name)} stands twice", expected)
        seen.add(name)


def _judge_names(study: Part) -> Iterator[tuple[Location, str]]:
    return _names([(at, judge) for at, judge in _judges(study)], "judge")


def _judges(study: Part) -> Iterator[tuple[Location, Part]]:
    for number, entry in enumerate(_list(study.get("judges"))):
        yield ("judges", number), _mapping(entry)


def _falling(standings: Sequence[Standing]) -> Iterator[Mistake]:
    highest: dict[str, int] = {}
    for each in standings:
        before = highest.get(each.family, 0)
        if each.generation < 1:  # no generation; a field says so
            continue
        if each.generation <= before:
            what = f"release {named(each.release)} is generation {each.generation}"
            yield Mistake((*each.at, "generation"), what, f"more than {before}, as the one before it has")
        highest[each.family] = max(before, each.generation)


def _unknown_releases(phases: Sequence[tuple[Location, Part]], known: Sequence[str]) -> Iterator[Mistake]:
    families = set(known)
    for at, phase in phases:
        names = [(number, as_text(each)) for number, each in enumerate(_list(phase.get("releases")))]
        places = [((*at, "releases", number), name) for number, name in names if name is not None]
        yield from _repeated(iter(places), "release", "each release once in a phase")
        for place, name in places if families else ():
            if name not in families:
                yield Mistake(place, f"release {named(name)} is in no family", one_of(name, known))


def _untried(tried: Sequence[object], known: Sequence[str]) -> Iterator[Mistake]:
    names = [(("authoring", "try", number), as_text(each)) for number, each in enumerate(tried)]
    places = [(place, name) for place, name in names if name is not None]
    yield from _repeated(iter(places), "release", "each release once under try")
    for place, name in places:
        if name not in set(known):
            expected = one_of(name, known) if known else "a release of a family under `families:`"
            yield Mistake(place, f"release {named(name)} is in no family", expected)


def _unknown_panels(phases: Sequence[tuple[Location, Part]], known: Sequence[str]) -> Iterator[Mistake]:
    for at, phase in phases:
        places = list(_panels_of(phase.get("panel"), at))
        yield from _repeated(iter(places), "panel", "each panel once in a phase")
        for place, name in places if known else ():
            if name not in known:
                yield Mistake(place, f"panel {named(name)} is not declared", one_of(name, known))


def _panels_of(value: object, at: Location) -> Iterator[tuple[Location, str]]:
    several = [((*at, "panel", number), as_text(each)) for number, each in enumerate(_list(value))]
    for place, name in several or [((*at, "panel"), as_text(value))]:
        if name is not None:
            yield place, name


def _backwards(phases: Sequence[tuple[Location, Part]]) -> Iterator[Mistake]:
    for at, phase in phases:
        first, last = day(phase.get("from")), day(phase.get("to"))
        if first and last and first > last:
            yield Mistake((*at, "to"), f"a phase from {first} to {last}", "a last day that is not before the first")


def _overlaps(panels: Part) -> Iterator[Mistake]:
    for name, value in panels.items():
        panel = _mapping(value)
        raters, overlap = panel.get("raters"), _mapping(panel.get("design")).get("overlap")
        if type(raters) is int and type(overlap) is int and overlap > raters >= 1:
            what = f"{overlap} raters for each response, of a panel of {raters}"
            yield Mistake(("panels", name, "design"), what, f"at most {raters}")


def _entries(study: Part) -> Iterator[tuple[Location, Part]]:
    for family, releases in _mapping(study.get("families")).items():
        for number, entry in enumerate(_list(releases)):
            yield ("families", family, number), _mapping(entry)


def records_in(study: Part) -> Iterator[tuple[Location, object]]:
    """Yield the files of recorded answers that a study names, and where."""
    for at, asked in (*_entries(study), *_judges(study)):
        if asked.get("record") is not None:
            yield (*at, "record"), asked["record"]


def files_in(study: Part) -> Iterator[tuple[Location, object]]:
    """Yield the files in its folder that a study names, and where."""
    yield from records_in(study)
    for at, judge in _judges(study):
        if judge.get("rubric") is not None:
            yield (*at, "rubric"), judge["rubric"]
    for name, value in _mapping(study.get("panels")).items():
        panel = _mapping(value)
        named_by = [((key,), panel.get(key)) for key in ("guidelines", "consent", "warning", "support")]
        named_by += [((key, "file"), _mapping(panel.get(key)).get("file")) for key in ("calibration", "gold")]
        yield from ((("panels", name, *at), file) for at, file in named_by if file is not None)


def _replays(study: Part) -> Iterator[Mistake]:
    """Yield the releases and judges that are replayed from nothing, and those whose record nobody would read."""
    both = (("release", _entries(study)), ("judge", _judges(study)))
    for word, at, asked in ((word, *entry) for word, entries in both for entry in entries):
        client, record, name = asked.get("client", "inspect"), asked.get("record"), as_text(asked.get(word))
        if client == "replay" and record is None:
            yield Mistake((*at, "client"), f"{word} {named(name)} is replayed without a record", "record: and a file")
        if client in ("inspect", "simulated") and record is not None:
            yield Mistake((*at, "record"), f"{word} {named(name)} has a record, and its client is {client}", "client: replay")
        if word == "judge" and client == "inspect" and asked.get("model") is None:
            yield Mistake(at, f"judge {named(name)} has no model", "model: and its id, such as openai/gpt-5")


def _inside_the_benchmark(study: Part) -> Iterator[Mistake]:
    benchmark = _path(study.get("benchmark"))
    stores: list[tuple[Location, object]] = [((key,), local_path(str(study.get(key) or key))) for key in ("store", "media")]
    for at, place in (*stores, *((at, _path(file)) for at, file in files_in(study))):
        if benchmark and place and f"{place}/".startswith(f"{benchmark}/"):
            yield Mistake(at, f"{at[-1]} is in the benchmark, which holds nothing else", "a place beside it")


def _path(value: object) -> str | None:
    return path_inside(value) if isinstance(value, str) else None
