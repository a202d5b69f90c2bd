"""The declared study: everything that ``study.yaml`` says."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from driftgauge.records import Lineage
from driftgauge.study.authoring import Authoring
from driftgauge.study.collecting import ClientName, Collect, Limits, Price, Settings, Takes
from driftgauge.study.gate import GateRule, gate_rule
from driftgauge.study.judging import DEFAULT_RUBRIC, Judge
from driftgauge.study.lineage import Standing, lineage_of
from driftgauge.study.panels import Panel
from driftgauge.study.places import SQLITE, File, Folder, MediaPlace, StorePlace, local_path
from driftgauge.study.protocol import Declared, Protocol
from driftgauge.study.sign_in import SignIn
from driftgauge.study.together import mistakes_between
from driftgauge.study.words import Count, Day, Name, StudyName


class Release(Declared):
    """A release of a family: the exact model that is asked."""

    release: Name = Field(description="its name, as ratings and reports say it")
    model: Name | None = Field(default=None, description="the model id for collecting, such as openai/gpt-5")
    generation: Count = Field(description="its ordinal in the family")
    settings: Settings = Field(default_factory=dict[str, Any], description="settings of the model, such as max_tokens")
    takes: Takes = Field(
        default=("text", "image"), description="the kinds of parts it takes; a prompt with another kind ends as unsupported"
    )
    limits: Limits = Field(default=Limits(), description="how fast it may be asked")
    price: Price | None = Field(default=None, description="what it costs; if absent, nothing is estimated")
    client: ClientName = Field(
        default="inspect", description="what asks it: a provider, a file of recorded answers, or answers that are made up"
    )
    record: File | None = Field(default=None, description="of a replayed release, the file in the folder with its answers")

    @property
    def measured(self) -> dict[str, Any]:
        """What of it changes what is measured: it belongs into the manifest of every run, in this form."""
        return self.model_dump(mode="json", include={"model", "settings", "takes", "client", "record"})


def _releases(value: object) -> object:
    """Return the releases of a family as mappings with a generation; a name alone is a release."""
    if not isinstance(value, (list, tuple)) or not value:
        raise PydanticCustomError("releases", "a list of its releases, the earliest first")
    found: list[object] = []
    for number, entry in enumerate(cast(list[object], value), start=1):
        if isinstance(entry, Mapping):
            found.append({"generation": number, **cast(Mapping[str, object], entry)})
        else:
            found.append(entry if isinstance(entry, Release) else {"release": entry, "generation": number})
    return found


class Phase(Declared):
    """One collection and rating campaign."""

    phase: Name = Field(description="its name or number")
    releases: tuple[Name, ...] | None = Field(default=None, description="what is rated in it; if absent, all releases")
    panel: Name | Annotated[tuple[Name, ...], Field(min_length=1)] | None = Field(
        default=None, description="who rates in it: a panel, or a list of them, one for each language"
    )
    first_day: Day | None = Field(default=None, alias="from", description="its first day")
    last_day: Day | None = Field(default=None, alias="to", description="its last day")

    @property
    def panels(self) -> tuple[str, ...]:
        """The panels that rate in it."""
        return (self.panel,) if isinstance(self.panel, str) else self.panel or ()


class Study(Declared):
    """A study as its ``study.yaml`` declares it.

    Examples
    --------
    >>> study = Study.model_validate({"study": "town", "families": {"Elm": ["Elm 1", "Elm 2"]}})
    >>> study.releases, study.protocol == Protocol()
    (('Elm 1', 'Elm 2'), True)
    """

    study: StudyName = Field(description="the name of the study")
    benchmark: Folder | None = Field(
        default=None, description="the folder of the benchmark; if absent, ratings come without prompts"
    )
    store: StorePlace = Field(
        default="sqlite:///driftgauge.db", description="the database: a file in the folder, or PostgreSQL"
    )
    media: MediaPlace = Field(default="media", description="where media are kept by hash: a folder, or a URL of fsspec")
    families: dict[Name, Annotated[tuple[Release, ...], BeforeValidator(_releases)]] = Field(
        default_factory=dict[str, tuple[Release, ...]], description="each family with its releases, the earliest first"
    )
    phases: tuple[Phase, ...] = Field(default=(), description="the campaigns, one after the other")
    panels: dict[Name, Panel] = Field(default_factory=dict[str, Panel], description="each panel by its name")
    protocol: Protocol = Field(default=Protocol(), description="what is fixed before the data")
    gate: tuple[Annotated[GateRule, BeforeValidator(gate_rule)], ...] = Field(default=(), description="decision rules")
    collect: Collect = Field(default=Collect(), description="when calls to releases and judges are given up")
    judges: tuple[Judge, ...] = Field(default=(), description="models that rate beside people, never among them")
    authoring: Authoring = Field(default=Authoring(), description="how those who write scenarios take part")
    sign_in: SignIn | None = Field(
        default=None, description="a provider at which people may sign in; if absent, passwords alone"
    )

    _folder: Path = PrivateAttr(default=Path())

    @model_validator(mode="before")
    @classmethod
    def _without_nothing(cls, value: object) -> object:
        """Take a key with nothing behind it for one that is not there."""
        if not isinstance(value, dict):
            return value
        return {key: each for key, each in cast(dict[str, object], value).items() if each is not None}

    @model_validator(mode="after")
    def _fits_together(self) -> "Study":
        mistakes = [f"{each.what}; expected {each.expected}" for each in islice(mistakes_between(self.written()), 20)]
        if mistakes:
            raise ValueError(" · ".join(mistakes))
        return self

    def written(self) -> dict[str, Any]:
        """Return what was declared, as JSON holds it and with the keys of ``study.yaml``, defaults included."""
        return self.model_dump(mode="json", by_alias=True)

    def in_folder(self, folder: Path) -> "Study":
        """Return the same study in another folder."""
        found = self.model_copy()
        found._folder = folder
        return found

    @property
    def folder(self) -> Path:
        """The folder of the study; not part of what is declared."""
        return self._folder

    @property
    def lineage(self) -> Lineage | None:
        """Which release follows which, or null when the study declares no families."""
        standings = [
            Standing(family, each.release, each.generation, ())
            for family, releases in self.families.items()
            for each in releases
        ]
        return lineage_of(standings) if standings else None

    @property
    def releases(self) -> tuple[str, ...]:
        """All declared releases, family by family."""
        return tuple(each.release for releases in self.families.values() for each in releases)

    @property
    def declared_releases(self) -> dict[str, Release]:
        """Each declared release by its name, family by family."""
        return {each.release: each for releases in self.families.values() for each in releases}

    def record_of(self, asked: Release | Judge) -> Path | None:
        """Return where the recorded answers of a release or a judge are, or null when it has none."""
        return self.folder / asked.record if asked.record else None

    def rubric_of(self, judge: Judge) -> Path | None:
        """Return where the rubric of a judge is, or null when it is the one that comes with driftgauge."""
        return None if judge.rubric == DEFAULT_RUBRIC else self.folder / judge.rubric

    def file_of(self, name: str | None) -> Path | None:
        """Return where a file that is declared by its name is, or null when there is none."""
        return self.folder / name if name else None

    @property
    def benchmark_folder(self) -> Path | None:
        """The folder of the benchmark, or null when there is none."""
        return self.folder / self.benchmark if self.benchmark else None

    @property
    def store_url(self) -> str:
        """The URL of the store, with the whole path of a file."""
        path = local_path(self.store)
        return f"{SQLITE}{(self.folder / path).absolute()}" if path else self.store

    @property
    def media_url(self) -> str:
        """The URL of the media, or the whole path of their folder."""
        path = local_path(self.media)
        return str((self.folder / path).absolute()) if path else self.media
