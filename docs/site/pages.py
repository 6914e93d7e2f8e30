"""Which file of the repository is which page of the site, and the order of the pages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from docs.site.markdown import targets

PACKAGES = ("pmt_core", "pmt_autograd", "pmt_nn", "pmt_text", "pmt_train", "pmt_apps")
DISTRIBUTIONS = tuple(name.replace("_", "-") for name in PACKAGES)

# Documents outside docs/, and those within that belong to another section than their folder's.
ELSEWHERE = {
    "ARCHITECTURE.md": "project/architecture",
    "CONTRIBUTING.md": "project/contributing",
    "CODE_OF_CONDUCT.md": "project/code-of-conduct",
    "SECURITY.md": "project/security",
    "campaigns/README.md": "project/campaigns",
    "docs/README.md": "index",
    "docs/project.md": "project/index",
    "docs/publishing.md": "project/publishing",
}

# The sections of the site, in the order of its navigation bar. Those without a page are left out.
SECTIONS = (
    "log/index",
    "course/index",
    "cards/index",
    "guides/index",
    "api/index",
    "results",
    "project/index",
)

# Pages below a section, beside those of its folder: caption, pages.
BESIDE = {
    "guides/index": [
        ("Programs", ["encoders", "serving", "page", "scaling", "performance", "limits"]),
        ("How it works", ["tape", "training_loop", "gradients"]),
    ],
    "results": [("Experiments", ["experiments/qqp", "experiments/ner", "experiments/*"])],
}


def distribution_folder(name: str) -> str:
    """Return the folder of a distribution."""
    return "apps" if name == "pmt-apps" else f"packages/{name}"


def import_folder(package: str) -> str:
    """Return the folder of an import package."""
    name = package.replace("_", "-")
    return f"{distribution_folder(name)}/{'' if package == 'pmt_apps' else 'src/'}{package}"


@dataclass(frozen=True)
class Pages:
    """The documents of a clone as pages: path in the repository -> name in the site."""

    root: Path

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of the page of each document."""
        files = sorted((self.root / "docs").rglob("*.md"))
        paths = [path.relative_to(self.root).as_posix() for path in files]
        names = {path: _name_in_docs(path) for path in paths}
        for name in DISTRIBUTIONS:
            folder = distribution_folder(name)
            names[f"{folder}/README.md"] = f"project/packages/{name}"
            names[f"{folder}/CHANGELOG.md"] = f"project/changes/{name}"
        names |= ELSEWHERE
        return {path: name for path, name in names.items() if (self.root / path).is_file()}

    def text(self, path: str) -> str:
        """Return the text of a document."""
        return (self.root / path).read_text(encoding="utf-8")

    def children(self, path: str) -> list[tuple[str, list[str]]]:
        """Return the pages below the page of a document: (caption, names), linked ones first."""
        name = self.names[path]
        if name == "index":
            known = {*self.names.values(), "api/index"}
            return [("", [section for section in SECTIONS if section in known])]
        groups = list(BESIDE.get(name, []))
        if name.endswith("/index"):
            groups.insert(0, ("", self._folder(path)))
        return [(caption, self._existing(names)) for caption, names in groups]

    def _folder(self, path: str) -> list[str]:
        """Return the pages of the folder of an index: as it links them, then the others."""
        folder = self.names[path].removesuffix("index")
        inside = [name for name in self.names.values() if name.startswith(folder)]
        base = PurePosixPath(path).parent
        linked = [
            self.names.get(normalized(base / target.partition("#")[0]), "")
            for target in targets(self.text(path))
        ]
        ordered = dict.fromkeys([name for name in linked if name in inside] + sorted(inside))
        return [name for name in ordered if name != self.names[path]]

    def _existing(self, names: list[str]) -> list[str]:
        known = list(self.names.values())
        expanded = [
            each
            for name in names
            for each in (
                [other for other in known if other.startswith(name[:-1])]
                if name.endswith("*")
                else [name]
            )
        ]
        return [name for name in dict.fromkeys(expanded) if name in known]


def normalized(path: PurePosixPath) -> str:
    """Return a path of the repository without `.` and `..`."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _name_in_docs(path: str) -> str:
    name = path.removeprefix("docs/").removesuffix(".md")
    folder, _, last = name.rpartition("/")
    return f"{folder}/index" if last == "README" else name
