"""Notebooks are tests, and nbval compares only what was recorded: so everything must be."""

import json
import re
from pathlib import Path

import pytest

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_code_cell_was_run_in_order(path):
    notebook = json.loads(path.read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(cell["outputs"]) for cell in cells) > len(cells) / 2
    for cell in cells:
        assert "execution" not in cell["metadata"], "times of the recording differ every time"
        assert not any(output["output_type"] == "error" for output in cell["outputs"])
        said = ["".join(o["text"]) for o in cell["outputs"] if o.get("name") == "stderr"]
        # The plan of a long pull belongs to the recording; a warning does not.
        assert all(re.fullmatch(r"\w+: .* requests.*\n.* of a day's .*\n", text) for text in said)
        assert not any("NBVAL" in line for line in cell["source"]), "compare what can be compared"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_answer_tells_numbers_that_are_shown(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    words = ["".join(cell["source"]) if cell["cell_type"] == "markdown" else "" for cell in cells]
    begins = next(n for n, text in enumerate(words) if "The answer" in text)
    shown = [
        "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
        for cell in cells
        for output in cell.get("outputs", ())
    ]
    told = NUMBER.findall(" ".join(words[begins:]))
    assert set(told) <= set(NUMBER.findall(" ".join(shown))), "a number of the answer is in no cell"


def test_there_is_one():
    assert NOTEBOOKS
