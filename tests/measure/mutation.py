"""What the replay finds of mutations: conforming traces altered in one place, verified, counted by kind."""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType

from tcpmodel.compile import load_steps
from tcpmodel.trace import Arrival, Event, Segment, open_trace
from tcpmodel.verify import ConnectionVerdict, Options, verify

from .explainable import Setting, explanation, rival
from .material import TRACES, available, linux_pcap, linux_steps, linux_truth
from .mutants import Memory, Mutant, mutants
from .runs import completed

# Found where it is; the one other segment blamed of which a single change makes the same trace; the same sender blamed
# for another frame; the other endpoint blamed; nobody blamed.
FOUND, RIVAL, LATER, OTHER = "found", "rival", "later", "other"
UNDECIDED, ASSUMED, MISSED = "inconclusive", "assumed", "missed"
VARIABLES = ("SND.UNA", "SND.NXT", "RCV.NXT")
Class = tuple[str, str, str, str, str]  # explanation, outcome, kind, shape, why
NUMBERS = re.compile(r"\b(?!TM)\S*\d{2,}\S*|frame \d+")
OUTCOMES = (FOUND, RIVAL, LATER, OTHER, UNDECIDED, ASSUMED, MISSED)
BLAMED = (FOUND, RIVAL, LATER, OTHER)


@dataclass
class Specimen:
    """A conforming trace of one connection, with what is known of where and how it was taken."""

    name: str
    trace: Memory
    steps: ModuleType
    verdicts: list[ConnectionVerdict]

    def setting(self, mutant: Mutant) -> Setting:
        """What there is to judge a mutant by."""
        segments = [item for item in self.trace.items if isinstance(item, Segment)]
        return Setting(mutant, segments, self.verdicts, self.trace.vantage, self.trace.complete)

    def assumed(self) -> int:
        """How many assumptions the trace needs as it is."""
        return sum(len(c.assumptions) for c in self.verdicts)


@dataclass
class Tally:
    """Outcomes by kind and by shape of the segment, and examples of each class of what was not found."""

    outcomes: dict[tuple[str, str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    classes: Counter[Class] = field(default_factory=Counter)
    examples: dict[Class, list[str]] = field(default_factory=lambda: defaultdict(list))
    crashes: list[str] = field(default_factory=list)

    def book(self, name: str, mutant: Mutant, run: str, result: str, why: str, shown: int) -> None:
        """Count one mutant; `run` is what explains it, if anything."""
        self.outcomes[run, mutant.kind, mutant.shape][result] += 1
        row = (run, result, mutant.kind, mutant.shape, NUMBERS.sub("#", why))
        self.classes[row] += 1
        if len(self.examples[row]) < shown:
            self.examples[row].append(f"{name}: {mutant}: {why}")


def specimens(told: bool) -> Iterator[Specimen]:
    """The conforming connections of `traces/` and of the Linux captures; `told`: with vantage and completeness."""
    default, linux = load_steps(), linux_steps()
    for path in sorted(TRACES.glob("*/*.json")):
        if "-wrong-" not in path.name:
            yield from _conforming(path.name, _read(path), default, told)
    seen: set[str] = set()
    for row in linux_truth() if available("linux") else ():
        test = row["pcap"].rpartition("__")[2]
        if test in seen:
            continue  # the same script over another IP version, or from another suite
        seen.add(test)
        reader = open_trace(linux_pcap(row))
        trace = Memory(list(reader), row["kernel"], True)
        yield from _conforming(row["pcap"], trace, linux, told)


def _read(path: object) -> Memory:
    """A trace as a capture shows it: the moments of arrival are left out."""
    reader = open_trace(str(path))
    items = [item for item in reader if not isinstance(item, Arrival)]
    return Memory(items, reader.vantage, reader.complete)


def _conforming(name: str, trace: Memory, steps: ModuleType, told: bool) -> Iterator[Specimen]:
    groups: dict[frozenset[str], list[Event]] = defaultdict(list)
    for item in trace.items:
        if isinstance(item, Segment):
            groups[frozenset([item.src, item.dst])].append(item)
    for items in groups.values() if len(groups) > 1 else [trace.items]:
        alone = Memory(items, trace.vantage if told else "", trace.complete and told)
        verdict = verify(alone, steps, Options(tcb=VARIABLES))
        if verdict.connections and all(_clean(c) for c in verdict.connections):
            yield Specimen(name, alone, steps, verdict.connections)


def _clean(connection: ConnectionVerdict) -> bool:
    """Conforming, and for no other reason than that segments may be captured before offload cuts them."""
    return connection.verdict == "conforming" and all(a.kind == "offload" for a in connection.assumptions)


def outcome(mutant: Mutant, specimen: Specimen) -> tuple[str, str]:
    """What becomes of a mutant, and a word on why."""
    trace = Memory(mutant.items, specimen.trace.vantage, specimen.trace.complete)
    verdict = verify(trace, specimen.steps, Options())
    findings = [f for c in verdict.connections if c.verdict == "violation" for f in c.findings if f.level == "must"]
    if findings:
        first = min(findings, key=lambda f: f.frame)
        right = FOUND if first.frame in mutant.frames else LATER
        why = f"{first.code} {first.rule} at frame {first.frame} by {first.endpoint}"
        twin = rival(specimen.setting(mutant))
        if twin is not None and (first.endpoint, first.frame) == (twin.src, twin.frame):
            return RIVAL, why
        return right if first.endpoint in mutant.senders else OTHER, why
    reasons = [c.reason for c in verdict.connections if c.verdict == "inconclusive"]
    if reasons:
        return UNDECIDED, reasons[0]
    more = [a for c in verdict.connections for a in c.assumptions]
    if len(more) > specimen.assumed():
        return ASSUMED, "; ".join(f"{a.kind} frame {a.frame}: {a.message}" for a in more[:2])
    weaker = [f for c in verdict.connections for f in c.findings]
    return MISSED, f"{weaker[0].level} {weaker[0].code} {weaker[0].rule}" if weaker else ""


def measure(of: Iterable[Specimen], count: int, seed: int = 1, shown: int = 1, kind: str = "") -> Tally:
    """`count` mutants of each specimen, of the kinds that contain `kind`."""
    tally = Tally()
    for number, specimen in enumerate(of):
        for mutant in mutants(specimen.trace.items, count, seed * 1_000_003 + number, kind):
            try:
                run = explanation(specimen.setting(mutant)) or completed(specimen.setting(mutant), specimen.steps)
                result, why = outcome(mutant, specimen)
            except Exception as error:  # a measurement goes on; the crash is part of its result
                tally.crashes.append(f"{specimen.name}: {mutant}: {error!r}")
                continue
            tally.book(specimen.name, mutant, run, result, why, shown)
    return tally


def show(tally: Tally) -> Iterator[str]:
    """Tables of what has to be found and of what a run explains; then classes of outcomes with examples."""
    yield summary(tally)
    for title, explained in (("NOT EXPLAINABLE", False), ("EXPLAINABLE", True)):
        rows = {row: counts for row, counts in tally.outcomes.items() if bool(row[0]) == explained}
        yield f"{title:60}" + "".join(f"{name:>13}" for name in OUTCOMES)
        kinds: dict[str, Counter[str]] = defaultdict(Counter)
        for (run, kind, _), counts in rows.items():
            kinds[f"{kind}: {run}" if run else kind].update(counts)
        yield from (f"{kind[:60]:60}" + _numbers(counts) for kind, counts in sorted(kinds.items()))
        yield f"{'all':60}" + _numbers(sum(kinds.values(), Counter()))
    for row, n in sorted(tally.classes.items(), key=lambda item: (item[0][0] > "", item[0][1], -item[1])):
        if row[1] != (MISSED if row[0] else FOUND):
            yield f"{n:5} {' | '.join(row)}"
            yield from (f"            {example}" for example in tally.examples[row])
    yield from (f"crash | {crash}" for crash in tally.crashes)


def rate(tally: Tally, outcomes: tuple[str, ...] = (FOUND,), explained: bool = False) -> float:
    """The part of what no run explains, or of what one does, that has one of the outcomes."""
    rows = [counts for (run, *_), counts in tally.outcomes.items() if bool(run) == explained]
    return sum(counts[o] for counts in rows for o in outcomes) / max(1, sum(counts.total() for counts in rows))


def summary(tally: Tally) -> str:
    """The figures in a line."""
    total = sum(counts.total() for counts in tally.outcomes.values())
    found, either, blamed = rate(tally), rate(tally, (FOUND, RIVAL)), rate(tally, BLAMED)
    raw = sum(counts[FOUND] for counts in tally.outcomes.values()) / max(1, total)
    wrongly = rate(tally, BLAMED, explained=True)
    return (
        f"{total} mutants, {raw:.1%} found; of those that no run explains {found:.1%} found where they are, "
        f"{either:.1%} there or where another change makes the same trace, {blamed:.1%} a violation; "
        f"of those that one explains {wrongly:.1%} a violation"
    )


def _numbers(counts: Counter[str]) -> str:
    return "".join(f"{counts[name]:13}" for name in OUTCOMES)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("only", nargs="?", default="", help="traces whose name contains this")
    arguments.add_argument("--count", type=int, default=12, help="mutants of each connection")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--kind", default="", help="kinds of mutation that contain this")
    arguments.add_argument("--shown", type=int, default=1, help="examples of each class")
    arguments.add_argument("--told", action="store_true", help="tell the vantage point and completeness")
    chosen = arguments.parse_args()
    subjects = (s for s in specimens(chosen.told) if chosen.only in s.name)
    print("\n".join(show(measure(subjects, chosen.count, chosen.seed, chosen.shown, chosen.kind))))
