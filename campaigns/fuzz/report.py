"""Count outcomes, save failures, and show both as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.fuzz.outcome import FAILURES, KINDS, Outcome
from campaigns.fuzz.readers.reader import Reader, input_files, write_files
from pmt_apps.kit.text_table import text_table

_SAVED = 5  # failures of one kind at one location


@dataclass(slots=True)
class _Row:
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    growth: float = 0.0


class Report:
    """The outcomes of a campaign.

    Args:
        readers: all that are tried.
        seed: of the inputs.
        folder: failures are saved in it; it is made when there is one.
    """

    def __init__(self, readers: Sequence[Reader], seed: int, folder: Path) -> None:
        self._readers = {reader.name: reader for reader in readers}
        self._rows = {reader.name: _Row() for reader in readers}
        self._seed = seed
        self._folder = folder
        self._locations: Counter[tuple[str, str, str]] = Counter()

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return sum(row.counts.total() for row in self._rows.values())

    @property
    def failures(self) -> int:
        """Number of inputs that were neither read nor refused as they should be."""
        return sum(row.counts[kind] for row in self._rows.values() for kind in FAILURES)

    def add(self, outcome: Outcome) -> str:
        """Add an outcome; return lines to show if it is a failure at a new location."""
        row = self._rows[outcome.reader]
        row.counts[outcome.kind] += 1
        row.seconds = max(row.seconds, outcome.seconds)
        row.growth = max(row.growth, outcome.growth)
        if not outcome.is_failure:
            return ""
        location = (outcome.reader, outcome.kind, outcome.location)
        self._locations[location] += 1
        if self._locations[location] > _SAVED:
            return ""
        saved = self._save(outcome)
        if self._locations[location] > 1:
            return ""
        return (
            f"{outcome.reader}: {outcome.kind} ({outcome.seconds:.1f} s, "
            f"{outcome.growth / 1e6:.0f} MB) {outcome.reason or 'read'}\n"
            f"  at {outcome.location or '?'}; saved in {saved}; repeat with\n"
            f"  hatch run fuzz --reader {outcome.reader} --seed {self._seed} "
            f"--number {outcome.number}"
        )

    def _save(self, outcome: Outcome) -> Path:
        folder = self._folder / f"{outcome.reader}-{self._seed}-{outcome.number}"
        folder.mkdir(parents=True, exist_ok=True)
        write_files(folder, input_files(self._readers[outcome.reader], self._seed, outcome.number))
        return folder

    def table(self) -> str:
        """Return a row per reader and one of the sums."""
        rows = [("reader", "inputs", *KINDS, "most s", "most MB")]
        total = _Row()
        for name, row in sorted(self._rows.items()):
            rows.append(_cells(name, row))
            total.counts.update(row.counts)
            total.seconds = max(total.seconds, row.seconds)
            total.growth = max(total.growth, row.growth)
        rows.append(_cells("all", total))
        return text_table(rows, header=True, indent="")

    def findings(self) -> str:
        """Return a row per location of a failure, the most frequent first."""
        rows = [("count", "reader", "kind", "location")]
        rows += [(str(n), *location) for location, n in self._locations.most_common()]
        return text_table(rows, header=True, indent="") if self._locations else "no failures"


def _cells(name: str, row: _Row) -> tuple[str, ...]:
    counts = (f"{row.counts[kind]:,}" for kind in KINDS)
    return (
        name,
        f"{row.counts.total():,}",
        *counts,
        f"{row.seconds:.2f}",
        f"{row.growth / 1e6:.0f}",
    )
