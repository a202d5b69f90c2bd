"""Files that must be refused: each says what, where and what to do, shows no text of others, and nothing comes of it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from driftgauge.cli import main
from driftgauge.errors import RatingError
from driftgauge.rate.exchange import read_ratings
from driftgauge.records import Lineage

HEADER = "scenario,release,rater,harm\n"
HOSTILE = "TEXT-OF-OTHERS"


@dataclass(frozen=True)
class Bad:
    """A file, and what must be said about it."""

    content: bytes
    said: tuple[str, ...]


def text(content: str, *said: str) -> Bad:
    return Bad(content.encode(), said)


BAD = {
    "empty": text("", "r.csv: the file is empty"),
    "blank lines only": text("\n \n", "r.csv: blank lines only"),
    "header only": text(HEADER, "r.csv: no ratings"),
    "missing column": text("scenario,model,rater,harm\ns,A,anna,3\n", "no column `release`", "`--map release=model`"),
    "harm outside the scale": text(
        HEADER + "s1,A,anna,0\ns2,A,anna,6\ns3,A,anna,3.5\ns4,A,anna,high\n",
        "r.csv, line 2, column harm: '0'",
        "r.csv, line 3, column harm: '6'",
        "r.csv, line 4, column harm: '3.5'",
        "r.csv, line 5, column harm: 'high'",
        "expected a whole number from 1 to 5",
    ),
    "mistakes in several columns": text(
        "scenario,release,rater,harm,success,modality\ns1,A,anna,9,2,\ns2,,anna,3,1,audio\n",
        "line 2, column harm",
        "line 2, column success",
        "line 3, column release",
        "line 3, column modality",
    ),
    "two values for one rating": text(HEADER + "s,A,anna,3\ns,A,anna,4\n", "r.csv, line 3: harm 4 where r.csv, line 2 says 3"),
    "unknown modality": text("scenario,release,rater,harm,modality\ns,A,anna,3,video\n", "line 2, column modality: 'video'"),
    "UTF-16": Bad((HEADER + "s,A,anna,3\n").encode("utf-16"), ("UTF-16", "UTF-8")),
    "UTF-16 without a mark": Bad((HEADER + "s,A,anna,3\n").encode("utf-16-le"), ("line 1: a NUL byte", "UTF-8")),
    "NUL": text(HEADER + "s,A,anna,3\ns,A,be\0n,3\n", "r.csv, line 3: a NUL byte"),
    "Latin-1": Bad(HEADER.encode() + b"s,A,anna,3\ns,A,Ren\xe9,3\n", ("r.csv, line 3: bytes that are not UTF-8",)),
    "UTF-8 cut off": Bad(HEADER.encode() + b"s,A,anna,3\ns,A,Ren\xc3", ("r.csv, line 3: bytes that are not UTF-8",)),
    "unclosed quote": text(HEADER + 's,A,anna,3\ns,"A,ben,3\ns,A,carl,3\n', "line 3: a quote that opens in this record"),
    "text after a quote": text(HEADER + 's,A,anna,3\ns,"A"x,ben,3\n', "line 3: text after the closing quote"),
    "a field too many": text(HEADER + "s,A,anna,3\ns,A,ben,3,4\n", "r.csv, line 3: 5 fields; expected 4"),
    "a field too few": text(HEADER + 's,A,"an\nna",3\ns,A,ben\ns,A,carl,3\n', "r.csv, line 4: 3 fields; expected 4"),
    "a field too few beside a comma in quotes": text(HEADER + '"s,1",A,anna,3\ns,A,ben\n', "line 3: 3 fields; expected 4"),
    "a column named twice": text("scenario,release,rater,harm,harm\ns,A,anna,3,3\n", "line 1: columns named twice: harm"),
    "semicolons": text((HEADER + "s,A,anna,3\n").replace(",", ";"), "one column, with semicolons in its name"),
    "tabs": text((HEADER + "s,A,anna,3\n").replace(",", "\t"), "one column, with tabs in its name"),
    "classic Mac line ends": text((HEADER + "s,A,anna,3\n").replace("\n", "\r"), "classic Mac"),
    "a spreadsheet": Bad(b"PK\x03\x04rest", ("a spreadsheet", "UTF-8")),
    "compressed": Bad(b"\x1f\x8brest", ("a compressed file",)),
    "broken Parquet": Bad(b"PAR1rest", ("not a whole Parquet file",)),
    "broken Parquet with a footer": Bad(b"PAR1" + b"x" * 64 + b"\x10\0\0\0PAR1", ("not a whole Parquet file",)),
    "hostile text beside a mistake": text(
        f"scenario,release,rater,harm,comment,prompt_text,response_text\ns,A,anna,9{f',{HOSTILE}' * 3}\n", "column harm: '9'"
    ),
    "hostile text in a broken row": text(HEADER + f's,A,anna,3\ns,A,"{HOSTILE},3\n', "never closed"),
    "hostile text in a row too long": text(HEADER + f"s,A,anna,3,{HOSTILE}\n", "5 fields"),
    "hostile text in two ratings of one key": text(
        f"scenario,release,rater,harm,comment\ns,A,anna,3,{HOSTILE}\ns,A,anna,4,{HOSTILE}\n", "line 3: harm 4"
    ),
}


@pytest.fixture(params=BAD, ids=lambda name: name.replace(" ", "-"))
def bad(request: pytest.FixtureRequest) -> Bad:
    return BAD[request.param]


@pytest.fixture
def path(bad: Bad, tmp_path: Path) -> Path:
    path = tmp_path / "r.csv"
    path.write_bytes(bad.content)
    return path


def refusal(*paths: Path, **settings: object) -> str:
    with pytest.raises(RatingError) as caught:
        read_ratings(list(paths), **settings)
    return str(caught.value)


def test_a_bad_file_is_refused_with_every_mistake(bad: Bad, path: Path):
    message = refusal(path)
    assert [said for said in bad.said if said not in message] == []


def test_text_of_others_is_never_shown(path: Path):
    assert HOSTILE not in refusal(path)


def test_the_command_ends_with_an_error_and_writes_nothing(
    bad: Bad, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["driftgauge", "analyze", str(path), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, bad.said[0] in capsys.readouterr().err, (tmp_path / "out").exists()) == (1, True, False)


@pytest.mark.parametrize("name", ["nothing.csv", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str):
    assert "expected the path of a CSV or Parquet file" in refusal(tmp_path / name)


def test_a_release_of_the_lineage_that_nobody_rated_is_refused(tmp_path: Path):
    path = tmp_path / "r.csv"
    path.write_text(HEADER + "s,GPT5,anna,3\n")
    assert "no rating is about release 'GPT-5'; expected perhaps 'GPT5'" in refusal(path, lineage=Lineage({"GPT": ("GPT-5",)}))


MEASURE = """
import resource, sys
from pathlib import Path
from driftgauge.errors import RatingError
from driftgauge.rate.exchange import read_ratings
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_ratings([Path(sys.argv[1])])
except RatingError as error:
    print(error.problems[0].what, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, sep="|")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is the system's")
def test_a_line_of_200_megabytes_is_refused_without_being_loaded(tmp_path: Path):
    path = tmp_path / "r.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode() + b"a" * (20 << 20))
        file.truncate(200_000_000)
    ended = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
    what, kibibytes = ended.stdout.strip().split("|")
    assert (what, int(kibibytes) < 40_000) == ("a line longer than 16 MiB", True)
