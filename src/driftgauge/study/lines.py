"""YAML with places: what a file says, and on which line each part of it stands."""

import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import yaml

from driftgauge.errors import Problem, StudyError
from driftgauge.study.messages import Location, Mistake, named

MOST_BYTES: Final = 1_000_000
MOST_DEPTH: Final = 40
MOST_VALUES: Final = 20_000
MOST_PROBLEMS: Final = 200
_TAG: Final = "tag:yaml.org,2002:"
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_REMEDY: Final = "Give the path of a YAML file."


@dataclass(frozen=True)
class Document:
    """A YAML file that was read.

    Parameters
    ----------
    name
        The file, as messages name it.
    value
        What it says; keys are texts as they are written, and so are dates.
    lines
        The line of each part.
    twice
        Keys that stand twice in one mapping. The last one counts in `value`.
    """

    name: str
    value: object
    lines: Mapping[Location, int]
    twice: tuple[Mistake, ...] = ()

    def line(self, at: Location) -> int:
        """Return the line of the deepest part of `at` that is in the file."""
        return next((self.lines[at[:length]] for length in range(len(at), -1, -1) if at[:length] in self.lines), 1)

    def problems(self, mistakes: Iterable[Mistake]) -> tuple[Problem, ...]:
        """Return mistakes with their lines, in the order of the lines; of very many, the first ones found."""
        placed = [(each.line or self.line(each.at), each) for each in _first(mistakes)]
        problems = [
            Problem(f"{self.name}, line {line}", each.what, each.expected)
            for line, each in sorted(placed, key=lambda pair: pair[0])
        ]
        if len(problems) > MOST_PROBLEMS:
            problems[MOST_PROBLEMS:] = [Problem(self.name, "more mistakes", "these to be corrected first")]
        return tuple(problems)


def _first(mistakes: Iterable[Mistake]) -> list[Mistake]:
    found: dict[Mistake, None] = {}
    for mistake in mistakes:
        found[mistake] = None
        if len(found) > MOST_PROBLEMS:
            break
    return list(found)


def read_document(path: Path) -> Document:
    """Read one YAML document of plain values, without aliases and tags.

    Raises
    ------
    StudyError
        When the file cannot be read, or is not such a document.
    """
    text = _text(path)
    loader = None
    try:
        loader = _Loader(text)
        walk = _Walk(loader)
        value = walk.whole()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refused(path, line, f"a control character (code {error.character})", expected="text") from None
    except _NotPlainError as error:
        raise _refused(path, error.line, error.what, expected=error.expected) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        what = ", ".join(part for part in (error.context, error.problem) if part) or "not YAML"
        raise _refused(path, mark.line + 1 if mark else 1, what, expected="valid YAML") from None
    finally:
        if loader is not None:
            loader.dispose()
    return Document(path.name, value, walk.lines, tuple(walk.twice))


def _refused(path: Path, line: int, what: str, *, expected: str) -> StudyError:
    kind = "YAML" if expected == "valid YAML" else "plain YAML"
    return StudyError(f"{path.name} is not {kind}", problems=[Problem(f"{path.name}, line {line}", what, expected)])


def _text(path: Path) -> str:
    data = _bytes(path)
    if len(data) > MOST_BYTES:
        raise StudyError(f"{path} has more than 1 MB", remedy="Declare a study in it, and keep data in other files.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StudyError(f"{path} cannot be read: line {line} is not UTF-8", remedy="Save it as UTF-8.") from None


def _bytes(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "not a plain file"
            raise StudyError(f"{path} cannot be read: it is {what}", remedy=_REMEDY)
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StudyError(f"{path} cannot be read: {reason}", remedy=_REMEDY) from None


class _NotPlainError(Exception):
    """YAML that is more than plain values."""

    def __init__(self, mark: Any, what: str, expected: str) -> None:
        super().__init__(what)
        self.line = mark.line + 1
        self.what = what
        self.expected = expected


class _Loader(yaml.SafeLoader):
    """A safe loader without aliases (which can blow up), without tags, and for which a date is a text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - a class attribute of PyYAML
        first: [(tag, pattern) for tag, pattern in pairs if tag not in (f"{_TAG}timestamp", f"{_TAG}merge", f"{_TAG}value")]
        for first, pairs in cast(Mapping[str, list[tuple[str, Any]]], yaml.SafeLoader.yaml_implicit_resolvers).items()
    }
    depth = 0
    count = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = cast(Any, self).peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise _NotPlainError(event.start_mark, "an alias (*)", "the value written out")
        tag = cast(str | None, getattr(event, "tag", None))
        if tag not in (None, "!", f"{_TAG}str"):
            written = named(tag.replace(_TAG, "!!"))
            raise _NotPlainError(event.start_mark, f"the tag {written}", "a plain value without a tag")
        self.count += 1
        if self.depth >= MOST_DEPTH or self.count > MOST_VALUES:
            most = f"{MOST_DEPTH} levels" if self.depth >= MOST_DEPTH else f"{MOST_VALUES:,} keys and values"
            raise _NotPlainError(event.start_mark, f"more than {most}", "fewer")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


@dataclass
class _Walk:
    """One walk over the nodes: values, lines, and keys that stand twice."""

    loader: _Loader
    lines: dict[Location, int] = field(default_factory=dict[Location, int])
    twice: list[Mistake] = field(default_factory=list[Mistake])

    def whole(self) -> object:
        node = self.loader.get_single_node()
        if node is None:
            return None
        self.lines[()] = node.start_mark.line + 1
        return self._value(node, ())

    def _value(self, node: yaml.Node, at: Location) -> object:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            children = cast(list[yaml.Node], node.value)
            self.lines |= {(*at, number): child.start_mark.line + 1 for number, child in enumerate(children)}
            return [self._value(child, (*at, number)) for number, child in enumerate(children)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, child in cast(list[tuple[yaml.Node, yaml.Node]], node.value):
            if not isinstance(key, yaml.ScalarNode):
                raise _NotPlainError(key.start_mark, "a key that is a list or a mapping", "a word")
            name, line = str(key.value), key.start_mark.line + 1
            if name in found:
                self.twice.append(Mistake((*at, name), f"the key {named(name)} stands twice", "each key once", line=line))
            self.lines[(*at, name)] = line
            found[name] = self._value(child, (*at, name))
        return found

    def _scalar(self, node: yaml.Node) -> object:
        """Return a value; a whole number that is not written as one (010, 1:30, 0x10) stays a text."""
        text = str(node.value)
        if node.tag == f"{_TAG}int" and not _WHOLE.fullmatch(text):
            return text
        return cast(Any, self.loader).construct_object(node)
