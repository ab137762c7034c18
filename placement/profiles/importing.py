"""Reads measurements from what benchmarks write, whichever of the known tools it was.

Which one is told from what is in a file, so no option has to. What a file does not say of the deployment it ran against
(most say nothing of accelerators) is taken from `Given`.
"""

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from placement.catalogue import accelerator, find_accelerator
from placement.catalogue.readers.fields import SEPARATORS, At, CsvRow, FieldError, each, parse_csv, parse_json
from placement.documents.read import YAML_SUFFIXES, read_text
from placement.errors import DocumentError, Fault, UsageError, nearest, printable
from placement.profiles.profile import STATISTICS, Found, Given, Profile, read_rows
from placement.profiles.readers import aiconfigurator, guidellm, llm_d, melange, sagemaker, vllm_bench

# By a key that only this tool's files have at their top, with the words a message calls them by.
_JSON: tuple[tuple[str, str, Callable[[At, str], list[Found | str]]], ...] = (
    (guidellm.KEY, "GuideLLM's JSON, version 2", guidellm.read),
    (llm_d.KEY, "an llm-d Benchmark Report, version 0.2", llm_d.read),
    (vllm_bench.KEY, "JSON of vllm bench serve", vllm_bench.read),
    (melange.AIBRIX, "a profile of AIBrix", melange.read_aibrix),
    (melange.MELANGE, "a configuration of Mélange", melange.read_melange),
    (sagemaker.RECOMMENDATIONS, "aws sagemaker describe-ai-recommendation-job", sagemaker.read_recommendations),
    (sagemaker.INFERENCE, "aws sagemaker describe-inference-recommendations-job", sagemaker.read_inference),
)
_NO_DOCUMENT = "is neither JSON nor YAML of a benchmark, nor a CSV with the columns of one: which tool has written it?"
_MUST_BE_KNOWN = {
    "model": "which model it is of (--model)",
    "accelerator": "which accelerator it was measured on (--accelerator)",
    "accelerators": "how many of them a copy has (--accelerators)",
}
_DEPLOYMENT = tuple(field.name for field in fields(Given))
# As other tools call accelerators that the catalogue has under a name of its own.
_ACCELERATORS = {
    "a100_sxm": "A100-80GB",
    "a100_pcie": "A100-80GB",
    "b300_sxm": "B300",
    "rtx_pro_6000_server": "RTX-PRO-6000",
}


def read_profiles(
    path: str | Path,
    given: Given | None = None,
    *,
    statistic: str | None = None,
    tell: Callable[[str], object] | None = None,
) -> list[Profile]:
    """The measurements in a file: `placement-profile/v1`, or what one of the known tools writes.

    `given`: what the file does not say of the deployment.
    `statistic`: of the times: mean, p50, p90, p95 or p99. None: the mean where a file has several, and rows of a CSV as
        they are. A row of a CSV with times of another statistic is not used.
    `tell`: takes a sentence of each row that is not used, and of requests that failed.
    Raises DocumentError: the file is damaged, or of no known tool: the message has row and column, or the JSON path.
    Raises UsageError: the file lacks what nobody gave, such as the accelerator, or says otherwise than was given.
    """
    if statistic is not None and statistic not in STATISTICS:
        raise UsageError(f'no statistic "{printable(statistic)}"; {nearest(statistic, STATISTICS)}')
    source, text = read_text(path)
    if not text.strip():
        raise DocumentError([Fault("$", "is empty")], source)
    first = text.lstrip().partition("\n")[0]
    is_document = first[:1] in ("{", "[") or str(path).lower().endswith(tuple(YAML_SUFFIXES))
    if not is_document and any(mark in first for mark in (*SEPARATORS, "sep=")):
        damaged: list[Fault] = []
        rows = parse_csv(text, source, damaged)
        if rows and "format" in rows[0].cells:
            profiles = _of_statistic(rows, read_rows(rows, source, damaged), source, statistic, tell)
            return [replace(row, **_told(row, given or Given(), source)) for row in profiles]
        entries = _of_csv(rows, source, damaged, statistic)
    else:
        entries = _of_documents(text, source, statistic or "mean")
    found = [entry for entry in entries if isinstance(entry, Found)]
    unused = [entry for entry in entries if isinstance(entry, str)]
    if not found:
        raise DocumentError([Fault("$", "; ".join(["has no measurement", *unused]))], source)
    if tell is not None:
        for why in unused:
            tell(f"{source}: not used: {why}")
        for loss in dict.fromkeys(entry.loss for entry in found if entry.loss):
            tell(f"{source}: {loss}: its requests a second and its times are of those that were served")
    return [_filled(entry, given or Given(), source, statistic or "mean") for entry in found]


def _of_statistic(
    rows: list[CsvRow],
    profiles: list[Profile],
    source: str,
    statistic: str | None,
    tell: Callable[[str], object] | None,
) -> list[Profile]:
    """The rows without times, or whose times are of a statistic; a sentence of each other one."""
    found: list[Profile] = []
    unused: list[Fault] = []
    for row, profile in zip(rows, profiles, strict=True):
        is_timed = profile.ttft_ms is not None or profile.tpot_ms is not None
        if statistic is None or not is_timed or profile.statistic == statistic:
            found.append(profile)
        else:
            has = f"of {profile.statistic}" if profile.statistic else "of no statistic that source names"
            rule = f"has times {has}, and {statistic} is asked for: it is not used"
            unused.append(Fault(row.place("source"), rule, profile.source))
    if profiles and not found:
        raise DocumentError(unused, source)
    if tell is not None:
        for fault in unused:
            tell(f"{source}: {fault}")
    return found


def _of_csv(rows: list[CsvRow], source: str, damaged: list[Fault], statistic: str | None) -> list[Found | str]:
    if rows and aiconfigurator.COLUMN in rows[0].cells:
        if statistic not in (None, "mean"):
            raise DocumentError(
                [Fault("row 1", f"is of aiconfigurator, which has means alone, and no {statistic}")], source
            )
        return aiconfigurator.read(rows, source, damaged)
    rule = (
        "is no CSV that is known here: neither placement-profile/v1 (its first column is format) nor aiconfigurator's"
    )
    raise DocumentError([Fault("row 1", rule)], source)


def _of_documents(text: str, source: str, statistic: str) -> list[Found | str]:
    """Measurements of a JSON or YAML document, or of a file with one JSON document a line."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith("{") for _, line in lines):
        found = each(lines, lambda numbered: _of_line(*numbered, source, statistic), source)
        return [entry for entries in found for entry in entries]
    document = parse_json(text, source) if text.lstrip()[:1] in "{[" else _parse_yaml(text, source)
    if not isinstance(document.value, dict | list):
        raise DocumentError([Fault("$", _NO_DOCUMENT)], source)
    if isinstance(document.value, list):
        return [entry for part in document.items() for entry in _of_document(part, source, statistic)]
    return _of_document(document, source, statistic)


def _of_line(number: int, line: str, source: str, statistic: str) -> list[Found | str]:
    above = "\n" * (number - 1)  # so that the parser counts as an editor does
    try:
        return _of_document(parse_json(above + line, source), source, statistic)
    except DocumentError as error:
        faults = [replace(fault, path=f"line {number}, {fault.path}") for fault in error.faults]
        raise DocumentError(faults, source) from None


def _parse_yaml(text: str, source: str) -> At:
    from placement.documents.yaml_text import parse_yaml

    try:
        return At(parse_yaml(text))
    except ValueError as error:
        is_named_so = source.lower().endswith(tuple(YAML_SUFFIXES))
        raise DocumentError([Fault("$", str(error) if is_named_so else _NO_DOCUMENT)], source) from None


def _of_document(document: At, source: str, statistic: str) -> list[Found | str]:
    try:
        for key, _, read in _JSON:
            if document.get(key) is not None:
                return read(document, statistic)
    except FieldError as error:
        raise DocumentError([error.fault], source) from None
    known = "; ".join(f"{words} ({key})" for key, words, _ in _JSON)
    raise DocumentError([Fault(document.path, f"is of no tool that is known here. Known, by a key: {known}")], source)


def _told(found: Found | Profile, given: Given, source: str) -> dict[str, Any]:
    """What a measurement and what was given tell of the deployment; what both say must agree."""
    values: dict[str, Any] = {}
    for name in _DEPLOYMENT:
        read, told = getattr(found, name), getattr(given, name)
        if name == "accelerator":
            read, told = canonical(read), canonical(told)
        if told not in ("", None) and read not in ("", None) and told != read:
            raise UsageError(f"{source} is of {name} {printable(str(read))}, and {told} was given")
        values[name] = told if read in ("", None) else read
    return values


def _filled(found: Found, given: Given, source: str, statistic: str) -> Profile:
    values = _told(found, given, source)
    missing = [words for name, words in _MUST_BE_KNOWN.items() if values[name] in ("", None)]
    if missing:
        way_out = "placement profile import takes that by option"
        raise UsageError(f"{source} does not say {' and '.join(missing)}; {way_out}")
    if found.requests_per_second <= 0:
        raise UsageError(f"{source} has a measurement in which no request was served")
    remarks = [source.rpartition("/")[2], found.remark or statistic, found.loss]
    return Profile(
        **values,
        ttft_ms=found.ttft_ms or None,  # 0: not measured, as of a server that does not stream
        tpot_ms=found.tpot_ms or None,
        requests_per_second=found.requests_per_second,
        source=", ".join(filter(None, remarks)),
    )


def unknown_accelerators(profiles: Iterable[Profile]) -> list[str]:
    """A sentence of each accelerator that the catalogue has not, or has in several sizes, with the nearest names."""
    found = []
    for name in dict.fromkeys(profile.accelerator for profile in profiles):
        try:
            accelerator(name)
        except UsageError as error:
            found.append(f"{error}; it is kept as it is written")
    return found


def canonical(name: str) -> str:
    """An accelerator's name in the catalogue; one that the catalogue has not is kept as it is written."""
    if not name:
        return ""
    facts = find_accelerator(_ACCELERATORS.get(name.lower(), name))
    return name if facts is None else facts.name
