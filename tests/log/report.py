"""Print what the checks find on the pages of the log and the cards, pending ones included.

python tests/log/report.py                         all pages, all checks that only read
python tests/log/report.py 06 cards/dense          pages whose names begin so
python tests/log/report.py 06 --run                runs the code and draws the pictures, too
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from checks import blocks, pictures  # noqa: E402
from checks.pages import DOCS, name_of  # noqa: E402
from test_pages import CHECKS  # noqa: E402


def main(arguments: list[str]) -> int:
    """Print the problems; return 1 if there are any."""
    names = tuple(each for each in arguments if each != "--run")
    found = {check.__name__.rpartition(".")[2]: check.problems(DOCS) for check in CHECKS}
    if "--run" in arguments:
        paths = [path for path in pictures.illustrated(DOCS) if name_of(path).startswith(names)]
        found["pictures"] = [each for path in paths for each in pictures.problems_of(path)]
        in_log = [path for path in paths if path.parent.name == "log"]
        found["blocks"] = [each for path in in_log for each in blocks.problems_of(path)]
    count = 0
    for check, problems in found.items():
        for problem in problems:
            if not names or problem.startswith(names):
                print(f"{check}: {problem}")
                count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
