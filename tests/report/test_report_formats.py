"""The reports of verdicts made by hand: every field that was put in comes out, well-formed and escaped."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from importlib.resources import files as resources
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from tcpmodel.report import MODULES, Settings, reporter
from tcpmodel.verify.verdict import ConnectionVerdict, FileVerdict, Finding
from tests.report import made


def report(form: str, verdicts: list[FileVerdict] | None = None, **settings: Any) -> str:
    stream = io.StringIO()
    written = reporter(form, stream, Settings("rfc9293", **settings))
    for verdict in made.files() if verdicts is None else verdicts:
        written.file(verdict)
    written.finish(2)
    return stream.getvalue()


def one(finding: Finding, **changes: Any) -> list[FileVerdict]:
    connection = made.connection("violation", (replace(finding, **changes),))
    return [FileVerdict("a.pcap", 5, 5, connections=[connection])]


@pytest.mark.parametrize("form", MODULES)
def test_nothing_to_report_is_a_report(form: str) -> None:
    assert report(form, []).endswith("\n")


def test_text_puts_expected_and_actual_under_the_field() -> None:
    lines = report("text").splitlines()
    at = next(number for number, line in enumerate(lines) if line.lstrip().startswith("--> 5"))
    column = lines[at].index("90 win")
    assert lines[at + 1][column:] == "^^ actual   SEG.ACK = 90"
    assert lines[at + 2].strip() == "expected SEG.ACK = 111"
    assert lines[at + 2].index("expected") == lines[at + 1].index("actual")


@pytest.mark.parametrize(
    ("field", "text", "marked"),
    [
        ("SEG.SEQ", "a > b  S. 300:310(10) ack 101 win 5 urg 7 <mss 1460,TS val 3 ecr 4>", "300"),
        ("SEG.ACK", "a > b  S. 300:310(10) ack 101 win 5 urg 7 <mss 1460,TS val 3 ecr 4>", "101"),
        ("SEG.WND", "a > b  S. 300:310(10) ack 101 win 5 urg 7 <mss 1460,TS val 3 ecr 4>", "5"),
        ("SEG.UP", "a > b  S. 300:310(10) ack 101 win 5 urg 7 <mss 1460,TS val 3 ecr 4>", "7"),
        ("SEG.LEN", "a > b  S. 300:310(10) ack 101 win 5 urg 7 <mss 1460,TS val 3 ecr 4>", "10"),
        ("SEG.CTL", "a > b  S. 300:310(10) ack 101 win 5 urg 7 <mss 1460,TS val 3 ecr 4>", "S."),
        ("SEG.CTL", "a > b  - 300:310(10) win 5", "-"),
        ("SEG.MSS", "a > b  S. 300:310(10) ack 101 win 5 urg 7 <mss 1460,TS val 3 ecr 4>", "1460"),
        ("SEG.TSVAL", "a > b  S. 300:310(10) ack 101 win 5 urg 7 <mss 1460,TS val 3 ecr 4>", "3"),
        ("SEG.TSECR", "a > b  S. 300:310(10) ack 101 win 5 urg 7 <mss 1460,TS val 3 ecr 4>", "4"),
    ],
)
def test_text_marks_each_field_of_the_header(field: str, text: str, marked: str) -> None:
    verdicts = one(made.FINDING, field=field)
    verdicts[0].connections[0].excerpts[5] = [(5, text)]
    lines = report("text", verdicts).splitlines()
    at = next(number for number, line in enumerate(lines) if "-->" in line)
    carets = re.search(r"\^+", lines[at + 1])
    assert carets and lines[at][carets.start() : carets.end()] == marked


def test_text_without_an_excerpt_still_compares() -> None:
    verdicts = one(made.FINDING, frame=77)
    assert "actual   SEG.ACK = 90" in report("text", verdicts)


def test_text_leaves_out_a_rule_that_is_not_known() -> None:
    text = report("text", one(made.FINDING, rule="", place="", cite="", quote="", requirements=()))
    assert "= rule" not in text and "= cite" not in text and "TM421" in text


def test_text_says_what_a_reader_needs() -> None:
    text = report("text")
    for expected in (
        "a.pcap: 1,234 packets, 15 TCP segments; skipped: 1,218 not tcp, 1 ip fragment; noted: 2 bad tcp checksum\n",
        "violation    a=10.0.0.1:40000 b=10.0.0.2:80 in vlan 5  frames 1-5, 5 segments, ESTABLISHED / ESTABLISHED\n",
        "error[TM421] frame 5, b: ACK 90 is behind RCV.NXT\n",
        "warning[TM430] frame 4, a: no PSH on the last text\n",
        "= rule: output.acknowledges.less, specs/rfc9293/output/acknowledgment.yaml:12\n",
        '= cite: RFC 9293 3.4 (MUST-1): "send <an> acknowledgment"\n',
        "= b could have been in ESTABLISHED or CLOSE-WAIT\n",
        "= not permitted by output.ack: SEG.ACK == RCV.NXT fails with RCV.NXT = 111, SEG.ACK = 90\n",
        "assumed[frame-missing] frame 5, a: 5 octets are not in the capture\n",
        "... and 2 more assumptions (-v shows all)\n",
        "because no segment of 10.0.0.2:80 was captured\n",
        "3 connections: 1 conforming, 1 violation, 1 inconclusive; 1 warning; 1 file not usable or damaged",
    ):
        assert expected in text


def test_verbosity_adds_and_takes_away() -> None:
    assert "third guard" not in report("text") and "third guard" in report("text", verbosity=1)
    assert "SYN-SENT from 1" not in report("text") and "SYN-SENT from 1" in report("text", verbosity=1)
    quiet = report("text", verbosity=-1)
    assert "violation  " in quiet and "conforming  " not in quiet and "TM421" not in quiet
    assert report("text", verbosity=-2) == ""


def test_only_color_adds_escapes_and_nothing_else() -> None:
    plain, colored = report("text"), report("text", color=True)
    assert "\x1b" not in plain and "\x1b[1;31mviolation" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == plain


def test_a_file_name_cannot_drive_the_terminal() -> None:
    text = report("text", [FileVerdict("\x1b[31m\n.pcap", 1)])
    assert "\x1b" not in text and r"\x1b[31m\n.pcap" in text


def test_json_is_as_the_schema_says() -> None:
    document = json.loads(report("json", variants=("deaf",), tcb=True, witness=True))
    schema = json.loads(resources("tcpmodel.report").joinpath("verdict.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["variants"] == ["deaf"]
    assert document["summary"] == {
        "connections": 3, "conforming": 1, "violation": 1, "inconclusive": 1, "warnings": 1,
    }  # fmt: skip
    first = document["files"][0]["connections"][0]
    assert first["states"]["b"] == [[0, "LISTEN"], [3, "ESTABLISHED"]]
    assert [finding["endpoint"] for finding in first["findings"]] == ["a", "b"]
    assert first["findings"][1]["excerpt"][1] == {"frame": 5, "text": made.EXCERPT[1][1]}
    assert document["files"][1]["error"] == "b.pcap: frame 3 (offset 90): cut short"


@pytest.mark.parametrize("field", ["tcb", "witness"])
def test_json_has_long_rows_on_request_and_on_one_line(field: str) -> None:
    connection = made.connection("conforming")
    connection.tcb = [(1, "a", {f"VARIABLE.{n}": n for n in range(30)})]
    connection.witness = {"a": [("send", 1, "x" * 200)]}
    verdicts = [FileVerdict("a.pcap", 5, 5, connections=[connection])]
    assert f'"{field}"' not in report("json", verdicts)
    text = report("json", verdicts, **{field: True})
    assert json.loads(text)["files"][0]["connections"][0][field]
    assert max(len(line) for line in text.splitlines()) > 200


def test_junit_counts_and_nests() -> None:
    root = ElementTree.fromstring(report("junit"))
    assert (root.tag, root.attrib["tests"], root.attrib["failures"]) == ("testsuites", "4", "1")
    assert [suite.attrib["errors"] for suite in root] == ["0", "1"]
    cases = list(root[0])
    assert [case[0].tag for case in cases] == ["failure", "system-out", "skipped"]
    assert cases[0][0].attrib == {"type": "TM421", "message": "frame 5: ACK 90 is behind RCV.NXT"}
    assert '"send <an> acknowledgment"' in (cases[0][0].text or "")


def test_junit_fails_for_a_warning_only_when_asked() -> None:
    verdicts = [FileVerdict("a.pcap", 5, 5, connections=[made.connection("conforming", (made.WARNING,))])]
    assert ElementTree.fromstring(report("junit", verdicts)).attrib["failures"] == "0"
    assert ElementTree.fromstring(report("junit", verdicts, strict=True)).attrib["failures"] == "1"


def test_junit_is_xml_whatever_is_in_a_message() -> None:
    root = ElementTree.fromstring(report("junit", one(made.FINDING, message="\x00 \x1b <&> \"'")))
    assert root[0][0][0].attrib["message"] == "frame 5: ? ? <&> \"'"


def test_sarif_has_a_result_for_each_finding() -> None:
    log = json.loads(report("sarif"))
    run = log["runs"][0]
    assert (log["version"], run["tool"]["driver"]["name"]) == ("2.1.0", "tcpmodel")
    assert [(r["ruleId"], r["level"], r.get("kind")) for r in run["results"]] == [
        ("TM430", "warning", None), ("TM421", "error", None), ("inconclusive", "none", "open"),
    ]  # fmt: skip
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    assert run["invocations"][0]["exitCode"] == 2 and not run["invocations"][0]["executionSuccessful"]
    notice = run["invocations"][0]["toolExecutionNotifications"][0]
    assert notice["message"]["text"] == "b.pcap: frame 3 (offset 90): cut short"


def test_sarif_locations_are_uris() -> None:
    verdicts = [FileVerdict("a b%\udcff.pcap", 5, 5, connections=[made.connection("violation", (made.FINDING,))])]
    result = json.loads(report("sarif", verdicts))["runs"][0]["results"][0]
    place = result["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "a%20b%25%FF.pcap"
    assert place["logicalLocations"][0]["fullyQualifiedName"] == f"{made.CLIENT} {made.SERVER} frame 5"


def test_a_connection_without_a_state_has_a_line() -> None:
    empty = ConnectionVerdict(made.CLIENT, made.SERVER, (1, 1), 1, "conforming", {"a": [], "b": []})
    assert f"a={made.CLIENT}" in report("text", [FileVerdict("a.pcap", 1, 1, connections=[empty])])
