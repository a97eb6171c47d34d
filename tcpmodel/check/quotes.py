"""Quotes held against the text of the RFC, and citations against its sections and requirements.

White space, the end of a line and the marks of lists do not count, nor does a page break of the older RFCs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from tcpmodel.check.findings import Finding, finding, listed
from tcpmodel.check.places import Places
from tcpmodel.errors import UsageError
from tcpmodel.spec.model import Rule

CITATION = re.compile(r"RFC (\d+)(?:[ ,]+(?:Section )?([0-9A-Z]+(?:\.\d+)*))?")
HEADING = re.compile(r"^(?:Appendix )?([0-9A-Z](?:\d*)(?:\.\d+)*)\.  ?\S.*$", re.MULTILINE)
PAGE = re.compile(r"\n+[^\n]+\[Page \d+\]\n\f?\n*(?:RFC \d+[^\n]*\n+)?")
MARK = re.compile(r"^([ ]+)[-o*+] ", re.MULTILINE)
REQUIREMENT = re.compile(r"\b(?:MUST|SHLD|MAY|REC)-\d+\b")


class Document:
    """One RFC: its words in one string without white space, and where each section begins in it."""

    def __init__(self, text: str) -> None:
        text = MARK.sub(r"\1  ", PAGE.sub("\n", text.replace("\r\n", "\n")))
        headings = [(found.start(), found.group(1)) for found in HEADING.finditer(text)]
        self.text = squeezed(text)
        self.starts = [len(squeezed(text[:start])) for start, _ in headings]
        self.numbers = [number for _, number in headings]
        self.requirements = set(REQUIREMENT.findall(text))

    def sections(self, quote: str) -> list[str]:
        """The numbers of the sections in which the quote stands, "" for the front matter."""
        words, found, at = squeezed(quote), [], -1
        while (at := self.text.find(words, at + 1)) >= 0:
            index = bisect_right(self.starts, at) - 1
            found.append(self.numbers[index] if index >= 0 else "")
        return found


def squeezed(text: str) -> str:
    """The text without white space, which line breaks and hyphenation change."""
    return re.sub(r"\s+", "", text)


class Library:
    """The RFCs of a folder, `rfc9293.txt` and so on; `missing` collects those that are cited and not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.missing: set[str] = set()
        self.document = cache(self._document)
        if not any(folder.glob("rfc*.txt")):
            raise UsageError(f"{folder}: no RFC in it; expected rfc9293.txt")

    def _document(self, number: str) -> Document | None:
        path = self.folder / f"rfc{number}.txt"
        if not path.is_file():
            self.missing.add(f"RFC {number}")
            return None
        return Document(path.read_text(encoding="utf-8", errors="replace"))


def misquoted(rules: Iterable[Rule], library: Library, places: Places) -> Iterator[Finding]:
    """Quotes that are not in the RFC or stand elsewhere, sections and requirements that do not exist."""
    for rule in rules:
        cited = CITATION.match(rule.cite)
        document = library.document(cited.group(1)) if cited else None
        if cited is None or document is None:
            continue
        section = cited.group(2) or ""
        if section and section not in document.numbers:
            place = places.text(rule, "cite", rule.cite)
            yield finding(place, "TM128", f"RFC {cited.group(1)} has no section {section}")
            section = ""
        yield from _quotes(rule, document, cited.group(1), section, places)
        yield from _requirements(rule, library, places)


def _quotes(rule: Rule, document: Document, number: str, section: str, places: Places) -> Iterator[Finding]:
    for quote in rule.quotes:
        found = document.sections(quote)
        if not found:
            help = _nearest(document, quote)
            place = places.text(rule, "quote", quote)
            yield finding(place, "TM127", f"this quote is not in RFC {number}", help)
        elif section and not any(one == section or one.startswith(section + ".") for one in found):
            message = f"this quote is in section {listed(dict.fromkeys(found))} of RFC {number}, not in {section}"
            yield finding(places.text(rule, "quote", quote), "TM127", message, "cite the section it is from")


def _nearest(document: Document, quote: str) -> str:
    """How far the RFC agrees, so that the eye finds the word that differs."""
    words = quote.split()
    agreed = next((n for n in range(len(words), 0, -1) if squeezed("".join(words[:n])) in document.text), 0)
    if agreed < 3:
        return ""
    return f"the RFC agrees up to '{' '.join(words[max(0, agreed - 4) : agreed])}'"


def _requirements(rule: Rule, library: Library, places: Places) -> Iterator[Finding]:
    """The numbers are those of RFC 9293, Appendix B, whatever the rule cites."""
    document = library.document("9293")
    for name in rule.requirements:
        if document and name not in document.requirements:
            yield finding(places.text(rule, "requirements", name), "TM128", f"RFC 9293 has no requirement {name}")
