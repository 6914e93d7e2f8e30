"""Statements that the log made and that are wrong do not come back; the right ones are there."""

from __future__ import annotations

import re
from pathlib import Path

from checks.pages import chapters, name_of, read

# (beginning of the page's name, or "" for all; what is wrong; a regular expression of the old text)
WRONG = (
    (
        "",
        "with W_Q the positions can",
        r"without which a tagger of names cannot tell left from right",
    ),
    ("16", "beta has a recursion of its own", r"the same recursion,? run from the other end"),
    ("02", "0.9 + 0.1/10 = 0.91", r"becomes 0\.9 for the 7 and the rest"),
    ("12", "heads divide by sqrt(d/h)", r"heads?[^.]{0,80}divided by \$\\sqrt \{?d\}?\$"),
    (
        "09",
        "about two forwards",
        r"backward[^.]{0,60}costs? about (?:as much as|one) (?:a |the )?forward",
    ),
    ("17", "by chance up to 1.05 points", r"differences below half a percent say nothing"),
    ("appendix", "64 at once", r"units for 32 of them at once"),
    ("18", "an appendix now", r"^# 18"),
    ("1", "unless f' is near -1", r"whatever \$f\$ does"),
    ("01", "on equal axes only", r"level lines of the loss at right angles, since"),
    ("01", "four lines", r"nine backward lines"),
    ("03", "not Lion", r"every optimizer beside PyTorch's"),
    ("02", "it shows half of it", r"picture shows the loss of"),
    ("02", "they ship with pmt_apps' samples", r"digits that ship with pmt"),
)

# (beginning of the page's name; what it has to say; a regular expression)
RIGHT = (
    ("10", "when a skip does not help", r"unless \$J\$ is near \$-I\$"),
    ("16", "where beta starts", r"\\beta_\{?[nT]\}?(?:\([^)]*\))?\s*=\s*1"),
    ("16", "where alpha starts", r"\\alpha_\{?[01]\}?\(\w+\)\s*="),
    ("02", "the target of smoothing", r"0\.91"),
    ("03", "how long the bias correction matters", r"2,?400"),
    ("17", "how far two samples differ by chance", r"1\.05"),
    ("appendix", "operations at once", r"\b64\b"),
)


def problems(docs: Path) -> list[str]:
    """Return the old errors that are there, and the corrections that are not."""
    found = []
    texts = {name_of(path): " ".join(read(path).split()) for path in chapters(docs)}
    for page, text in texts.items():
        for beginning, right, pattern in WRONG:
            match = re.search(pattern, text) if page.startswith(beginning) else None
            if match:
                found.append(f"{page}: {match[0][:60]!r} is wrong: {right}")
        for beginning, what, pattern in RIGHT:
            if page.startswith(beginning) and not re.search(pattern, text):
                found.append(f"{page}: does not say {what}")
    return found
