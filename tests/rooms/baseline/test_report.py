"""The commands `audit` and `roi`: one self-contained page, figures as JSON, precise errors."""

import json
import re

from proofdesk.cli.run import run as main
from tests.core.vectors import vector
from tests.rooms.baseline.support import write

TIMES = ("10:00:00", "10:20:00", "15:00:00")
ROWS = [
    ("id", "requester", "category", "channel", "created", "first reply at", "solved", "public agent replies", "owners",
     "handle minutes", "macro"),
    *[
        (n, f"r{n % 17}", ("reset", "<b>odd</b>")[n % 2], "mail",
         *(f"2026-0{1 + n % 3}-1{n % 10}T{at}Z" for at in TIMES),
         1, 1, 6, "link" if n % 9 else "call")
        for n in range(120)
    ],
]  # fmt: skip


def test_the_report_is_one_page_without_script_or_outside_address(tmp_path, capsys):
    out, figures = tmp_path / "report.html", tmp_path / "report.json"
    source = write(tmp_path / "export.csv", ROWS)
    assert main(["audit", str(source), "--out", str(out), "--json", str(figures)]) == 0
    page = out.read_text()
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "&lt;b&gt;odd&lt;/b&gt;" in page
    assert "<b>odd</b>" not in page
    assert page.count("View as table") >= page.count("<svg")
    values = json.loads(figures.read_text())
    rate = values["overall"]["rates"]["fcr_issue"]
    assert set(rate) >= {"numerator", "denominator", "excluded", "immature", "low", "high"}
    assert "begin with" in capsys.readouterr().out


def test_wrong_files_are_named_with_line_and_field(tmp_path, capsys):
    source = write(tmp_path / "export.csv", ROWS)
    mapping = tmp_path / "map.yaml"
    mapping.write_text("columns:\n  created: nowhere\n")
    costs = tmp_path / "costs.yaml"
    costs.write_text("labour:\n  salery: 3\n")
    common = ["audit", str(source), "--out", str(tmp_path / "r.html")]
    assert main([*common, "--mapping", str(mapping)]) == 2
    assert "map.yaml:1:1: columns: columns.created: the export has no column 'nowhere'" in capsys.readouterr().err
    assert main([*common, "--costs", str(costs)]) == 2
    assert "costs.yaml:2:3: labour.salery" in capsys.readouterr().err
    mapping.write_text("calendar:\n  time_zone: Mars/Olympus\n")
    assert main([*common, "--mapping", str(mapping)]) == 2
    assert "unknown time zone" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


def test_roi_prints_the_worked_example(tmp_path, capsys):
    case = vector("E20")
    path = tmp_path / "roi.yaml"
    path.write_text(json.dumps({"inputs": case["input"], "uncertainty": {"human_cost": [5, 7.5, 10]}}))
    page = tmp_path / "roi.html"
    assert main(["roi", "--inputs", str(path), "--html", str(page), "--json"]) == 0
    printed = capsys.readouterr().out
    values = json.loads(printed.strip().splitlines()[-1])
    assert abs(values["result"]["npv"] - case["expected"]["npv24"]["value"]) < 0.01
    assert "released" in printed
    assert "<svg" in page.read_text()


def test_roi_names_a_wrong_share(tmp_path, capsys):
    path = tmp_path / "roi.yaml"
    path.write_text("inputs:\n  volume_month_1: 5\n  human_cost: 1\n  price: 1\n  labour_realisation: 1.5\n"
                    "  release_lag_months: 1\n")  # fmt: skip
    assert main(["roi", "--inputs", str(path)]) == 2
    assert "roi.yaml" in capsys.readouterr().err


def test_an_export_without_intents_is_grouped_by_its_texts(tmp_path):
    subjects = ("I forgot my password again", "Where is my parcel, it is late", "Please refund the last invoice")
    rows = [("id", "subject", "created", "solved")]
    rows += [(n, f"{subjects[n % 3]} please {'now' * (n % 2)}", f"2026-03-0{1 + n % 9}", "") for n in range(90)]
    figures = tmp_path / "r.json"
    source = write(tmp_path / "texts.csv", rows)
    assert main(["audit", str(source), "--out", str(tmp_path / "r.html"), "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())
    groups = {group["name"]: group["tickets"] for group in found["by"]["intent"]}
    assert sorted(groups.values(), reverse=True)[:2] == [30, 30]
    assert any("names are suggestions" in note for note in found["notes"])
