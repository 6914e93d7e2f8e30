"""No paragraph of the log is on its pages twice, as after a slip of an editor."""

from __future__ import annotations

import re

from checks.pages import DOCS, chapters, prose, read

LEAST = 12  # words


def repeated(pages: dict[str, str]) -> list[str]:
    """Return the paragraphs of at least LEAST words that are on the pages more than once."""
    seen: dict[str, str] = {}
    found = []
    for name, text in pages.items():
        for paragraph in re.split(r"\n\s*\n", prose(text)):
            words = paragraph.split()
            key = " ".join(words)
            if len(words) >= LEAST and key in seen:
                found.append(f"{name}: '{' '.join(words[:8])} ...' is in {seen[key]}, too")
            seen[key] = name
    return found


def test_no_paragraph_is_there_twice() -> None:
    problems = repeated({path.name: read(path) for path in chapters(DOCS)})
    assert not problems, "\n".join(problems)


def test_a_paragraph_that_is_there_twice_is_found() -> None:
    page = read(chapters(DOCS)[0])
    paragraph = next(part for part in re.split(r"\n\s*\n", page) if len(part.split()) > 40)
    assert not repeated({"page": page})
    assert repeated({"page": page + "\n\n" + paragraph.replace(" ", "\n", 3)})
