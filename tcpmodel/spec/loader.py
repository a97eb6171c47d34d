"""Files -> Model: reads everything, applies the overlays, types the result, reports every error at once."""

from __future__ import annotations

from pathlib import Path

from tcpmodel.spec import answers, overlay, predicates, procedures, vocabulary
from tcpmodel.spec.digest import FILE_NAME, changed_digest, selection_digest
from tcpmodel.spec.draft import Draft
from tcpmodel.spec.find import BASE, File, Selection, beside, select, shown
from tcpmodel.spec.model import Model
from tcpmodel.spec.reader import read
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import INDEX, OVERLAY, Fields
from tcpmodel.spec.source import Mapping


def load(
    name: str = BASE,
    *,
    profile: str | None = None,
    variants: tuple[str, ...] = (),
    root: Path | str | None = None,
) -> Model:
    """The specification `name` (bundled, or the path of a spec.yaml or an overlay) with its overlays.

    `root` is a folder searched for names before the bundled one. Raises SpecError with every diagnostic,
    UsageError when a name is unknown.
    """
    return load_selection(select(name, profile, tuple(variants), root))


def load_selection(selection: Selection, changes: tuple[Mapping, ...] = ()) -> Model:
    """The model of files already found, changed by overlays that are no files. Raises SpecError."""
    report = Report()
    draft = Draft()
    title, files = _read_index(selection.index, report)
    for path in files:
        for document in read(path, shown(path), report):
            draft.read(document, report)
    for item in selection.overlays:
        documents = read(item.path, item.shown, report)
        for extra in documents[1:]:
            report.add(extra.place, "TM108", "an overlay is one document")
        for document in documents[:1]:
            title = Fields(document, OVERLAY, Report()).words("title") or title
            overlay.apply(document, draft, report)
    for change in changes:
        overlay.apply(change, draft, report)
    paths = [selection.index.path, *files, *(item.path for item in selection.overlays)]
    digest = changed_digest(selection_digest(selection), changes)
    model = _build(selection, paths, title, digest, draft, report)
    report.check()
    return model


def _read_index(index: File, report: Report) -> tuple[str, list[Path]]:
    """The title of a specification and its files, those that exist."""
    documents = read(index.path, index.shown, report)
    if not documents:
        return "", []
    fields = Fields(documents[0], INDEX, report)
    files: dict[Path, None] = {}
    for text in fields.texts("files"):
        path = beside(index.path, text.value)
        if not FILE_NAME.fullmatch(text.value):
            report.add(
                text.place, "TM108", f"'{text.value}' cannot be a file name", "NAME.yaml, without white space"
            )
        elif not path.is_file():
            report.incomplete = True
            report.add(text.place, "TM108", f"there is no file '{text.value}'", f"looked for {shown(path)}")
        elif path in files:
            report.add(text.place, "TM104", f"duplicate file '{text.value}'")
        else:
            files[path] = None
    return fields.words("title"), list(files)


def _build(selection: Selection, paths: list[Path], title: str, digest: str, draft: Draft, report: Report) -> Model:
    words = vocabulary.build(draft, report)
    found = predicates.Predicates(draft, words, report)
    words.predicates = found
    built = procedures.build(draft, words, report)
    answering = answers.build(draft, report)
    model = Model(
        name=selection.index.name,
        title=title,
        profile=selection.profile,
        states=words.states,
        groups=words.groups,
        enums=words.enums,
        variables=words.variables,
        constants=words.constants,
        predicates=found.all(),
        procedures=built,
        answering=answering,
        files=tuple(map(shown, paths)),
        digest=digest,
        variants=selection.variants,
    )
    answers.check(model.rules.values(), answering, report)
    return model
