"""metrics.json, fingerprints of data, the report, tables."""

from __future__ import annotations

import hashlib
import html.parser
import json
import math

import numpy as np
import pytest

from pmt_apps.kit.files import file_fingerprint
from pmt_apps.kit.html_report import Report
from pmt_apps.kit.metrics_file import peak_rss_mb, versions, write_metrics
from pmt_apps.kit.text_table import text_table
from pmt_core import FileProblem
from pmt_train import History, Interval


@pytest.mark.parametrize(("content", "rows"), [(b"", 0), (b"a\nb\n", 2), (b"a\nb", 2), (b"\n", 1)])
def test_a_file_is_identified(tmp_path, content, rows):
    path = tmp_path / "data.tsv"
    path.write_bytes(content)
    fingerprint = file_fingerprint(path)
    assert (fingerprint.rows, fingerprint.bytes) == (rows, len(content))
    assert fingerprint.sha256 == hashlib.sha256(content).hexdigest()
    assert file_fingerprint(path, rows=17).rows == 17
    with pytest.raises(FileProblem):
        file_fingerprint(tmp_path)


def test_metrics_are_json_that_every_reader_takes(tmp_path):
    path = tmp_path / "metrics.json"
    data = tmp_path / "d.tsv"
    data.write_text("a\nb\n")
    history = History(
        rows=[{"epoch": 1}], seconds=3.5, training_seconds=2.0, examples=100, best_epoch=1
    )
    write_metrics(
        path,
        task="t",
        history=history,
        parameters=12,
        seed=3,
        workers=2,
        data={"train": file_fingerprint(data)},
        splits={
            "dev": {"accuracy": np.float32(0.5), "n": np.int64(3), "loss": math.nan, "x": math.inf},
            "test": {"f1": Interval(0.5, 0.25, math.nan)},
        },
        files={"pictures": ["a.png"], "outputs": ()},
    )

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    content = json.loads(path.read_text(), parse_constant=refuse)
    assert content["dev"] == {"accuracy": 0.5, "n": 3, "loss": None, "x": None}
    assert content["test"] == {"f1": 0.5, "f1_interval": [0.25, None]}
    assert (content["task"], content["seconds"], content["examples_per_second"]) == ("t", 3.5, 50.0)
    assert content["data"]["train"]["rows"] == 2
    assert (content["pictures"], content["outputs"]) == (["a.png"], [])
    assert content["versions"]["numpy"] == np.__version__
    assert content["peak_rss_mb"] > 10


def test_peak_memory_grows_by_what_is_needed():
    before = peak_rss_mb()
    if before is None:
        pytest.skip("not known on this system")
    array = np.ones(int(before * 1e6) // 8 + 5_000_000)  # more than the peak so far
    assert peak_rss_mb() - before > 30
    del array


def test_versions():
    assert versions().keys() >= {
        "python",
        "numpy",
        "pmt-core",
        "pmt-autograd",
        "pmt-nn",
        "pmt-train",
    }


class Reader(html.parser.HTMLParser):
    """Collects text and images, and checks that every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.texts, self.images = [], [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_a_report_says_all_and_escapes_it(tmp_path):
    evil = "<script>alert('x')</script> & \"quotes\""
    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x89PNG not really")
    report = Report(evil, evil)
    report.section(evil)
    report.text(evil)
    report.code(evil)
    report.cards({evil: 0.81234, "epochs": 3})
    report.table([evil, "n", "mixed"], [[evil, 1234567, 0.5], ["b", 2, None], ["c", 3, math.nan]])
    report.picture(picture, evil)
    report.html("<p>own <b>markup</b></p>")
    report.save(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page
    reader = Reader(page)
    assert reader.texts.count(evil) >= 8
    for text in ("0.8123", "1,234,567", "–", "nan", "markup"):
        assert text in reader.texts
    ((image),) = reader.images
    assert image["src"] == "data:image/png;base64,iVBORyBub3QgcmVhbGx5"
    assert image["alt"] == evil
    assert "//" not in page.replace(image["src"], "").replace("</", "")  # fetches nothing


def test_an_interval_stands_below_its_number_and_a_heading_may_break(tmp_path):
    report = Report("title")
    report.table(["split", "calibration_error"], [["dev", Interval(0.5, 0.25, 0.75)]])
    page = report.page()
    assert '<td class="number">0.5000 <small>(0.2500–0.7500)</small></td>' in page
    assert '<th class="number">calibration_<wbr>error</th>' in page


def test_odd_characters_do_not_stop_a_report(tmp_path):
    report = Report("\ud800 lone surrogate \x00")
    report.save(tmp_path / "report.html")
    assert b"lone surrogate" in (tmp_path / "report.html").read_bytes()
    with pytest.raises(FileProblem):
        report.picture(tmp_path / "none.png", "x")


def test_tables_in_text():
    rows = [["split", "accuracy"], ["dev", "0.5"], ["test", "12.25"]]
    assert text_table(rows, header=True, indent="") == (
        "split  accuracy\n-----  --------\ndev         0.5\ntest      12.25"
    )
    assert text_table([]) == ""
