# SPDX-License-Identifier: MIT
"""Checks model.py, the source of the golden values, against other programs' numbers: the tiny folders opened with
Hugging Face transformers (in float64), and any folder with a reference.json of `ids` and `last_logits` named as an
argument.

    python3 check_model.py [FOLDER ...]
"""

import json
import pathlib
import sys

import torch

import model

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCE = 1e-12  # two float64 programs that sum in different orders
TOLERANCE_FLOAT32 = 1e-5  # if the other program's numbers were computed in float32


def relative_error(ours, theirs):
    return ((ours - theirs).norm() / theirs.norm()).item()


def against_transformers(folder, pairs):
    from transformers import GPT2LMHeadModel

    theirs = GPT2LMHeadModel.from_pretrained(folder).double().eval()
    config, parameters = model.read_folder(folder)
    worst = 0.0
    with torch.no_grad():
        for pair in pairs:
            for side in ("chosen_ids", "rejected_ids"):
                ids = pair["prompt_ids"] + pair[side]
                expected = theirs(torch.tensor([ids])).logits[0]
                worst = max(worst, relative_error(model.logits(config, parameters, ids), expected))
    return worst, TOLERANCE


def against_reference(folder):
    reference = json.loads((pathlib.Path(folder) / "reference.json").read_text())
    config, parameters = model.read_folder(folder)
    with torch.no_grad():
        ours = model.logits(config, parameters, reference["ids"])[-1]
    return relative_error(ours, torch.tensor(reference["last_logits"], dtype=torch.float64)), TOLERANCE_FLOAT32


def main():
    pairs = [json.loads(line) for line in (HERE / "pairs.jsonl").read_text().splitlines()]
    results = {f"{name}, transformers": against_transformers(HERE / name, pairs) for name in ("tiny", "untied")}
    results.update({f"{folder}, reference.json": against_reference(folder) for folder in sys.argv[1:]})
    for name, (error, tolerance) in results.items():
        print(f"{name}: {error:.2e}{'' if error <= tolerance else f', more than {tolerance:.0e}'}")
    return 0 if all(error <= tolerance for error, tolerance in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
