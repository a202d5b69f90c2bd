"""Every format that `analyze` reads comes into a study whole, and once: real rated data of others."""

from collections.abc import Callable
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from driftgauge.frames import RATINGS
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rate_import import Ratings, import_ratings
from driftgauge.rate.exchange import read_ratings
from driftgauge.store import read
from tests.integration.conftest import NewStudy

FILES = {
    "ratings": ("reference/study_82256.parquet",),
    "pyrit": ("data/pyrit_scorer_evals/*/*.csv",),
    "xstest": ("data/xstest/model_completions/*.csv",),
    "speechmap": ("data/speechmap/compliance_two_judges.csv",),
}


@pytest.mark.parametrize("name", FILES)
def test_a_format_comes_in_whole_and_adds_nothing_again(new_study: Callable[..., NewStudy], shared: Path, name: str) -> None:
    files = [path for pattern in FILES[name] for path in sorted(shared.glob(pattern))]
    study = new_study()
    first = import_ratings(study.folder, Ratings(files=files, format=name))
    again = import_ratings(study.folder, Ratings(files=files, format=name))
    direct = read_ratings(files, format=name).ratings.select(*RATINGS)
    assert (first.new, again.new, again.same) == (direct.height, 0, direct.height)
    with open_study(study.folder).store.reading() as connection:
        kept = read.ratings_frame(connection).select(*RATINGS)
    assert_frame_equal(kept, direct)


def test_annotations_of_a_drift_study_come_in_whole(new_study: Callable[..., NewStudy], tmp_path: Path) -> None:
    columns = "uid,model,modality,language,technique,execution,harm_category,harm_rating,rating_default,attack_success"
    row = "u{n},Elm 1,text_only,en,story,in text,disinformation,Mildly harmful,,Unsuccessful,p{n},woman,33,i{n},2,,0"
    path = tmp_path / "annotations.csv"
    header = f"{columns},participant_id,participant_gender,participant_age,item_id,harm_numeric,harm_status,defaultresp"
    path.write_text("\n".join([header, *(row.format(n=n) for n in range(5))]) + "\n")
    study = new_study()
    found = import_ratings(study.folder, Ratings(files=[path], format="annotations"))
    assert (found.new, import_ratings(study.folder, Ratings(files=[path], format="annotations")).same) == (5, 5)
