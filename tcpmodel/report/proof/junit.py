"""The results of proofs as JUnit XML: a suite for each specification, a case for each property."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tcpmodel.report.junit_xml import document, outcome, output
from tcpmodel.report.proof import AS_EXPECTED, WORDS, WRONG, Answer, AtTheEnd, Certified
from tcpmodel.report.proof.text import body
from tcpmodel.report.proof.wrap import MARGIN
from tcpmodel.report.style import Style

if TYPE_CHECKING:
    from tcpmodel.prove.recheck import Checked


class Report(AtTheEnd):
    """Writes one document when all properties are in."""

    def finish(self, certified: Sequence[Certified] = ()) -> None:
        """Write the document: what is wrong is a failure, what is open was skipped."""
        suites = [
            (name, [(a.item.name, self._case(a)) for a in self.answers if a.subject == name])
            for name in self.settings.subjects
        ]
        suites += [(f"certificates of {one.subject}", _files(one)) for one in certified]
        self.stream.writelines(document("tcpmodel prove", suites))

    def _case(self, answer: Answer) -> str:
        lines = body(answer, self.settings, Style(False))
        text = "\n".join([answer.item.statement, *(line[MARGIN:] for line in lines)])
        if answer.counts == AS_EXPECTED:
            return output(text)
        word = WORDS[answer.result.result]
        return outcome("failure" if answer.counts == WRONG else "skipped", word, answer.result.reason or word, text)


def _files(one: Certified) -> list[tuple[str, str]]:
    return [(item.file, _checked(item)) for item in one.checked or ()]


def _checked(item: Checked) -> str:
    if item.ok:
        return output(f"{item.of}: {item.answer}")
    return outcome("skipped", "inconclusive", item.reason, item.of)
