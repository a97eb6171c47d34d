"""What `tcpmodel verify` returns and where it says what, for each kind of input and each kind of trouble."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tcpmodel
import tcpmodel.verify
from tcpmodel.cli import app, main, progress
from tcpmodel.cli.exits import WORST_FIRST, worst
from tcpmodel.trace import Segment, open_trace
from tcpmodel.trace.writers import write_pcap
from tcpmodel.verify import ConnectionVerdict, FileVerdict, Finding

TEXTBOOK = Path(__file__).parents[2] / "traces" / "textbook"
GOOD, WRONG = str(TEXTBOOK / "close.json"), str(TEXTBOOK / "close-wrong-last-ack.json")

Captured = pytest.CaptureFixture[str]


def with_verdict(monkeypatch: pytest.MonkeyPatch, verdict: str, *levels: str) -> None:
    """Every file has one connection with this verdict and findings of these levels."""
    findings = [Finding(level, "TM999", "some.rule", "a:1", 1, "text") for level in levels]
    connection = ConnectionVerdict("a:1", "b:2", (1, 1), 1, verdict, {}, findings=findings)
    found = FileVerdict("x", 1, 1, connections=[connection])
    monkeypatch.setattr(tcpmodel.verify, "verify", lambda *_: found)


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_conforming_is_0(capsys: Captured) -> None:
    assert main(["verify", GOOD]) == 0
    out, err = capsys.readouterr()
    assert "1 connection: 1 conforming" in out and err == ""


def test_violation_is_1(capsys: Captured) -> None:
    assert main(["verify", WRONG]) == 1
    out, err = capsys.readouterr()
    assert "error[TM" in out and err == ""


@pytest.mark.parametrize(
    ("verdict", "levels", "code", "strict_code"),
    [
        ("conforming", [], 0, 0),
        ("conforming", ["should"], 0, 1),
        ("conforming", ["may"], 0, 0),
        ("violation", ["must"], 1, 1),
        ("violation", ["should", "must"], 1, 1),
        ("inconclusive", [], 3, 3),
        ("inconclusive", ["should"], 3, 1),
    ],
)
def test_exit_code_of_a_connection(
    verdict: str, levels: list[str], code: int, strict_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_verdict(monkeypatch, verdict, *levels)
    assert main(["verify", "-qq", GOOD]) == code
    assert main(["verify", "-qq", "--warnings-as-errors", GOOD]) == strict_code


def test_worst_wins_in_order() -> None:
    assert WORST_FIRST == (70, 2, 1, 3, 0)
    for number, code in enumerate(WORST_FIRST):
        assert worst(WORST_FIRST[number:]) == worst(reversed(WORST_FIRST[number:])) == code
    assert worst([]) == 0


def test_a_bad_file_does_not_hide_the_others(capsys: Captured) -> None:
    assert main(["verify", "--format", "json", WRONG, "/no/such.pcap", GOOD]) == 2
    out, err = capsys.readouterr()
    files = json.loads(out)["files"]
    assert [len(file["connections"]) for file in files] == [1, 0, 1]
    assert err == "tcpmodel: error: /no/such.pcap: cannot be read: No such file or directory\n"
    assert files[1]["error"] == "/no/such.pcap: cannot be read: No such file or directory"


def test_a_damaged_capture_is_reported_as_far_as_it_goes(tmp_path: Path, capsys: Captured) -> None:
    damaged = tmp_path / "damaged.pcap"
    with open_trace(GOOD) as reader:
        write_pcap(list(reader), damaged)
    damaged.write_bytes(damaged.read_bytes()[:-10])
    assert main(["verify", str(damaged)]) == 2
    out, err = capsys.readouterr()
    assert f"{damaged}: 6 packets, 6 TCP segments; not read to its end" in out
    assert "frames 1-6" in out
    assert f"{damaged}: frame 7 (offset " in err


def test_a_damaged_json_trace_is_reported_as_far_as_it_goes(tmp_path: Path, capsys: Captured) -> None:
    damaged = tmp_path / "damaged.json"
    text = Path(GOOD).read_text()
    damaged.write_text(text[: text.rindex('{"from"') + 9])
    assert main(["verify", str(damaged)]) == 2
    out, err = capsys.readouterr()
    assert "frames 1-6" in out and f"{damaged}:{text[: text.rindex(chr(123))].count(chr(10)) + 1}:" in err


@pytest.mark.parametrize("data", [b"", b"neither", b"{}", b"\xd4\xc3\xb2\xa1"])
def test_what_is_no_trace_is_2(data: bytes, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert main(["verify", str(path)]) == 2
    out, err = capsys.readouterr()
    assert str(path) in err and "0 connections" in out


def test_no_tcp_connection_is_2_and_says_what_was_there(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "udp.pcap"
    write_pcap([Segment(1, 0, "10.0.0.1:1", "10.0.0.2:2", text=0)], path)
    data = bytearray(path.read_bytes())
    data[24 + 16 + 9] = 17  # the protocol field of the IP header: UDP
    path.write_bytes(data)
    assert main(["verify", str(path)]) == 2
    assert f"{path}: no TCP connection in it: 1 packet, 1 not tcp" in capsys.readouterr().err


@pytest.mark.parametrize("packed", [False, True])
def test_dash_reads_standard_input(packed: bool, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    data = Path(WRONG).read_bytes()
    stdin(monkeypatch, gzip.compress(data) if packed else data)
    assert main(["verify", "-"]) == 1
    assert "<stdin>: 7 packets" in capsys.readouterr().out


def test_every_format_of_a_trace_gets_the_same_verdict(tmp_path: Path, capsys: Captured) -> None:
    with open_trace(WRONG) as reader:
        write_pcap(list(reader), tmp_path / "x.pcap")
    arguments = ["verify", "--format", "json", "--vantage", "10.0.0.1"]
    assert main([*arguments, str(tmp_path / "x.pcap"), WRONG]) == 1
    first, second = (file["connections"][0] for file in json.loads(capsys.readouterr().out)["files"])
    assert (first["verdict"], first["states"]) == (second["verdict"], second["states"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage: "),
        (["verify"], "Missing argument"),
        (["verify", "--format", "xml", GOOD], "'xml' is not one of"),
        (["verify", "--nope", GOOD], "No such option"),
        (["nope"], "No such command"),
        (["verify", "--profile", "rfc9392", GOOD], "no profile 'rfc9392': "),
        (["verify", "--variant", "nope", GOOD], "no variant 'nope': "),
        (["verify", "--spec", "/no/spec.yaml", GOOD], "/no/spec.yaml"),
        (["verify", "--output", "/no/such/folder/x", GOOD], "/no/such/folder/x: cannot be written"),
    ],
)
def test_bad_usage_is_2(arguments: list[str], message: str, capsys: Captured) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert message in err and out == ""


def test_an_unknown_profile_gets_the_nearest_names(tmp_path: Path, capsys: Captured) -> None:
    assert main(["verify", "--profile", "linus", GOOD]) == 2
    assert "did you mean 'linux'?" in capsys.readouterr().err


def test_a_specification_with_an_error_is_2_and_located(tmp_path: Path, capsys: Captured) -> None:
    overlay = tmp_path / "broken.yaml"
    overlay.write_text("profile: broken\nextends: rfc9293\ntitle: x\nreason: x\nsource: x\ndelete: [no.such.rule]\n")
    assert main(["verify", "--spec", str(overlay), GOOD]) == 2
    err = capsys.readouterr().err
    assert f"{overlay}:6:" in err and "error[TM" in err and "^^^" in err


def test_an_overlay_file_changes_the_profile(tmp_path: Path, capsys: Captured) -> None:
    overlay = tmp_path / "quick.yaml"
    overlay.write_text(
        "profile: quick\nextends: rfc9293\ntitle: a short TIME-WAIT\nreason: test\nsource: test\n"
        "constants: {MSL: 1 s}\n"
    )
    code = main(["verify", "--format", "json", "--spec", str(overlay), GOOD])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert json.loads(out)["profile"] == "quick"


@pytest.mark.parametrize(("verbose", "shown"), [([], False), (["-v"], True)])
@pytest.mark.parametrize("other", [GOOD, WRONG])
def test_an_internal_error_is_70_and_does_not_hide_the_others(
    verbose: list[str], shown: bool, other: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    original = tcpmodel.verify.verify

    def verify(reader: Any, *rest: Any) -> FileVerdict:
        if reader.file == "<stdin>":
            raise ZeroDivisionError("oops")
        return original(reader, *rest)

    monkeypatch.setattr(tcpmodel.verify, "verify", verify)
    stdin(monkeypatch, Path(GOOD).read_bytes())
    assert main(["verify", *verbose, "-", other]) == 70
    out, err = capsys.readouterr()
    assert "1 connection: " in out
    assert "tcpmodel: internal error: -: ZeroDivisionError: oops" in err
    assert ("Traceback" in err) is shown


def test_an_internal_error_outside_a_file_is_70(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setitem(app.COMMANDS, "verify", ("tcpmodel.cli.nothing", ""))
    assert main(["verify", GOOD]) == 70
    err = capsys.readouterr().err
    assert "internal error: ModuleNotFoundError" in err and "help: " in err and "Traceback" not in err


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tcpmodel.verify, "verify", interrupted)
    assert main(["verify", GOOD]) == 130
    assert capsys.readouterr().err == "tcpmodel: interrupted\n"


def test_output_goes_to_a_file_without_color(tmp_path: Path, capsys: Captured) -> None:
    report = tmp_path / "report.txt"
    assert main(["verify", "--output", str(report), WRONG]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "")
    assert "error[TM" in report.read_text() and "\x1b" not in report.read_text()


def test_color_is_for_terminals_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    codes: dict[tuple[str, bool], bool] = {}
    for terminal in (False, True):
        monkeypatch.setattr(sys.stdout, "isatty", lambda terminal=terminal: terminal)
        for choice in ("auto", "always", "never"):
            main(["verify", "--color", choice, GOOD])
            codes[choice, terminal] = "\x1b" in capsys.readouterr().out
    assert codes == {
        ("auto", False): False, ("always", False): True, ("never", False): False,
        ("auto", True): True, ("always", True): True, ("never", True): False,
    }  # fmt: skip


def test_tcb_has_the_windows_and_numbers_after_each_frame(capsys: Captured) -> None:
    assert main(["verify", "--tcb", "--format", "json", GOOD]) == 0
    rows = json.loads(capsys.readouterr().out)["files"][0]["connections"][0]["tcb"]
    assert [(frame, letter) for frame, letter, _ in rows] == [(frame, end) for frame in range(1, 8) for end in "ab"]
    last = {letter: values for _, letter, values in rows}
    assert last["a"]["SND.NXT"] == last["a"]["SND.UNA"] == last["b"]["RCV.NXT"] == 101
    assert {"SND.WND", "RCV.WND", "RCV.NXT"} <= last["b"].keys()


def test_vantage_may_be_a_host_or_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    from tcpmodel.compile import load_steps
    from tcpmodel.verify import Replay

    segment = Segment(1, 0, "[fd00::1]:40000", "[fd00::2]:80", flags=2, len=1)
    for vantage, expected in [("fd00::1", segment.src), (segment.dst, segment.dst), ("fd00::", ""), ("", "")]:
        replay = Replay(load_steps(), vantage)
        replay.feed(segment)
        assert [c.vantage for c in replay.live.values()] == [expected]


def test_progress_draws_a_bar_and_wipes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    reader: Any = SimpleNamespace(file="a.pcap", packets=1500, position=lambda: (250, 1000))
    with progress.Progress(reader) as drawn:
        assert drawn.callback is not None
        drawn.callback()
    assert terminal.getvalue() == "\ra.pcap: [#######                       ]  25%  1,500 packets\x1b[K\r\x1b[K"


def test_progress_is_silent_without_a_terminal_and_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    reader: Any = SimpleNamespace(file="a.pcap", packets=1500, position=lambda: (250, 0))
    assert progress.Progress(reader).callback is None
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.Progress(reader) as drawn:
        drawn.tick()
    assert terminal.getvalue() == ""
    assert drawn.line() == "a.pcap: 1,500 packets"


def tcpmodel_process(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tcpmodel", *arguments], **options)


def test_python_m_prints_the_version() -> None:
    with tcpmodel_process("--version", stdout=subprocess.PIPE) as process:
        assert process.communicate()[0].decode() == f"tcpmodel {tcpmodel.__version__}\n"
    assert process.returncode == 0


def test_a_closed_pipe_is_no_verdict() -> None:
    command = ("verify", *[WRONG] * 40)
    with tcpmodel_process(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_help_lists_the_commands_and_codes(capsys: Captured) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in app.COMMANDS) and "70" in out
    assert main(["verify", "-h"]) == 0
    assert "--warnings-as-errors" in capsys.readouterr().out


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_of_the_table_exists(name: str) -> None:
    command = app.commands.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None and command.help


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from tcpmodel.cli import main; main(['--help']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"yaml", "rich", "z3", "networkx", "tcpmodel.compile", "tcpmodel.trace", "tcpmodel.verify"} & set(loaded)
