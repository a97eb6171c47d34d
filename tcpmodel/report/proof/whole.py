"""The results of proofs as one JSON object, schema tcpmodel/proof/1 (proof.schema.json beside this file)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tcpmodel.prove.property import RESULTS
from tcpmodel.report.pretty import pretty
from tcpmodel.report.proof import Answer, AtTheEnd, Certified

SCHEMA = "tcpmodel/proof/1"


class Report(AtTheEnd):
    """Writes one object when all properties are in."""

    def finish(self, certified: Sequence[Certified] = ()) -> None:
        """Write the object."""
        found = Counter(answer.result.result for answer in self.answers)
        summary = {"properties": len(self.answers), **{name: found[name] for name in RESULTS}}
        rows = [row(answer, self.settings.why) for answer in self.answers]
        whole: dict[str, Any] = {
            "schema": SCHEMA, "specifications": list(self.settings.subjects), "properties": rows, "summary": summary,
        }  # fmt: skip
        if certified:
            whole["certificates"] = [certificates(one) for one in certified]
        print(pretty(whole), file=self.stream)


def row(answer: Answer, why: bool = False) -> dict[str, Any]:
    """One property; `needed` are the lemmas that unsat cores lead to, null unless they were asked for."""
    item, result = answer.item, answer.result
    found = {
        "name": item.name, "row": item.row or None, "result": result.result, "bound": result.bound,
        "assumptions": [assumption.meaning for assumption in answer.assumptions],
        "obligations": result.obligations, "seconds": round(result.seconds, 3),
        "counterexample": result.counterexample,
        "statement": item.statement, "cite": item.cite, "method": item.method, "expected": item.expect,
        "reason": result.reason, "specification": answer.subject, "cached": answer.cached,
        "lemmas": [lemma.name for lemma in answer.lemmas], "needed": list(result.needed) if why else None,
        "failures": [asdict(failure) for failure in result.failures],
    }  # fmt: skip
    if why:
        found["why"] = {lemma.name: {"holds": lemma.text, "why": lemma.why} for lemma in answer.lemmas}
    return found


def certificates(one: Certified) -> dict[str, Any]:
    """The certificates of one specification; `confirmed` and `refused` are null where no other solver was asked."""
    refused = [
        {"file": item.file, "of": item.of, "expected": item.expected, "answer": item.answer, "reason": item.reason}
        for item in one.refused
    ]
    asked = one.checked is not None
    return {
        "specification": one.subject, "directory": one.directory or None,
        "files": one.files, "by_computation": one.computed,
        "confirmed": len(one.checked or ()) - len(refused) if asked else None, "refused": refused if asked else None,
    }  # fmt: skip
