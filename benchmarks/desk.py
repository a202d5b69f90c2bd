"""What a refresh of the desk costs at 82,256 ratings of the app: `python -m benchmarks.desk`.

The simulated ratings are imported, then given the seats, assignments and submissions of the app. One line of
JSON for each database, and the figures of the desk for a look.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.run import ratings_file
from driftgauge.pipeline.rate_import import Ratings, import_ratings
from driftgauge.pipeline.rating.desk import desk
from driftgauge.pipeline.rating.serving import SECRET, open_serving
from tests.servers import postgres

_AS_OF_THE_APP = (
    "INSERT INTO seats (rater, panel, number, entry) SELECT rater, min(coalesce(panel, 'panel')), "
    "row_number() OVER (ORDER BY rater), 1 FROM ratings GROUP BY rater",
    "INSERT INTO draws (draw, panel, phase, seed, design, report, entry) VALUES ('d', 'panel', '1', 1, '{}', '{}', 1)",
    "INSERT INTO assignments (assignment, draw, rater, position, purpose, occasion, response, state) SELECT "
    "'a' || CAST(\"row\" AS VARCHAR), 'd', rater, row_number() OVER (PARTITION BY rater ORDER BY \"row\"), purpose, occasion, "
    "response, 'rated' FROM ratings",
    "INSERT INTO submissions (key, assignment, rater, revision, rating, shown_at, at, day, active_s, revealed) SELECT "
    "'k' || CAST(\"row\" AS VARCHAR), 'a' || CAST(\"row\" AS VARCHAR), rater, 1, \"row\", '2026-03-02T09:00:00.000000+00:00', "
    "'2026-03-02T09:00:10.000000+00:00', '2026-03-02', 4.0 + (\"row\" - \"row\" / 17 * 17), '{}' FROM ratings",
    "INSERT INTO sittings (rater, began_at, last_at, items, offered_at) SELECT rater, '2026-03-02T09:00:00.000000+00:00', "
    "'2026-03-02T09:30:00.000000+00:00', count(*), 0 FROM ratings GROUP BY rater",
)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    os.environ[SECRET] = "a secret of a benchmark, long enough"
    with tempfile.TemporaryDirectory() as name, postgres() as server:
        path, _ = ratings_file(Path(name), 1)
        for database, url in (("sqlite", None), ("postgresql", server.new_database())):
            folder = Path(name) / database
            folder.mkdir()
            (folder / "study.yaml").write_text("study: bench\n" + (f"store: {url}\n" if url else ""))
            import_ratings(folder, Ratings(files=[path]))
            sys.stdout.write(json.dumps({"database": database, **measured(folder)}) + "\n")
            sys.stdout.flush()


def measured(folder: Path, *, times: int = 5) -> dict[str, object]:
    with open_serving(folder) as serving:
        with serving.store.writing() as connection:
            for statement in _AS_OF_THE_APP:
                connection.exec_driver_sql(statement)
        took: list[float] = []
        for _ in range(times):
            began = time.perf_counter()
            found = desk(serving)
            took.append(time.perf_counter() - began)
    first = found.panels[0]
    return {
        "ratings": sum(each.rated for each in found.panels),
        "raters": len(found.raters),
        "first_s": round(took[0], 3),
        "median_s": round(sorted(took[1:])[len(took[1:]) // 2], 3),
        "alpha": first.alpha,
        "ac2": first.ac2,
    }


if __name__ == "__main__":
    main()
