# SPDX-License-Identifier: MIT
"""Checks the golden files against Hugging Face transformers, which loads every folder in float32 with eager attention:
the token log-probs, DPO's gradient by autograd and, for the models with a scalar head, the rewards and the gradient of
Bradley-Terry's loss.

    python3 check_with_transformers.py
"""

import json
import pathlib
import sys

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

import model

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCE = 2e-5  # nats, and the scalar head's unit: float32 against float64
GRADIENT_TOLERANCE = 1e-4  # relative to the norm of each tensor

shared, scores = model.from_gpt2("make_golden"), model.from_gpt2("make_score_golden")


def stored(folder, name):
    return torch.tensor(np.load(folder / f"{name}.npy"))


def sides(pair):
    return [(pair["prompt_ids"], pair[side]) for side in ("chosen_ids", "rejected_ids")]


def load(auto_class, folder, heads=frozenset(), **options):
    """A model that takes every tensor of the file and gets every parameter from it, except those of `heads`."""
    loaded, report = auto_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager",
                                                output_loading_info=True, **options)
    assert set(report["missing_keys"]) | set(report["unexpected_keys"]) <= heads, report
    assert not report["mismatched_keys"], report
    return loaded.eval()


def by_pair(pairs, flat):
    """[(chosen, rejected)] of the concatenated numbers of all response tokens."""
    parts = iter(flat.split([len(response) for pair in pairs for _, response in sides(pair)]))
    return list(zip(parts, parts))


def response_log_probs(theirs, prompt, response):
    ids = torch.tensor([(prompt + response)[:-1]])
    rows = theirs(input_ids=ids).logits[0, len(prompt) - 1 :].log_softmax(dim=-1)
    return rows[torch.arange(len(response)), torch.tensor(response)]


def gradient_error(folder, theirs, name, scalar_head):
    """The largest relative error of a tensor's gradient, and that tensor."""
    found = dict(theirs.named_parameters())
    names = [entry["name"] for entry in json.loads((folder / "parameters.json").read_text())]
    if scalar_head:
        names = [name for name in names if name != "lm_head.weight"] + ["score.weight"]
    assert set(names) == set(found), set(names) ^ set(found)
    expected = stored(folder, name).split([found[name].numel() for name in names])
    errors = {name: ((found[name].grad.reshape(-1) - ours).norm() / ours.norm()).item()
              for name, ours in zip(names, expected)}
    worst = max(errors, key=errors.get)
    return errors[worst], worst


def check_language_model(folder, pairs):
    theirs = load(AutoModelForCausalLM, folder)
    policy = [tuple(response_log_probs(theirs, *side) for side in sides(pair)) for pair in pairs]
    flat = torch.cat([side for pair in policy for side in pair])
    yield "log-probs", (flat - stored(folder, "log_probs")).abs().max().item(), TOLERANCE, ""
    reference = by_pair(pairs, stored(folder, "reference_log_probs"))
    value = shared.loss("dpo", policy, reference)
    value.backward()
    yield "DPO", abs(value.item() - stored(folder, "losses")[0].item()), TOLERANCE, ""
    error, worst = gradient_error(folder, theirs, "gradient_dpo", scalar_head=False)
    yield "its gradient", error, GRADIENT_TOLERANCE, worst


def check_scalar_head(folder, pairs):
    theirs = load(AutoModelForSequenceClassification, folder, {"lm_head.weight", "score.weight"}, num_labels=1)
    theirs.score.weight.data.copy_(stored(folder, "score"))
    rewards = torch.stack([
        torch.cat([theirs(input_ids=torch.tensor([prompt + response])).logits[0] for prompt, response in sides(pair)])
        for pair in pairs
    ])
    yield "rewards", (rewards - stored(folder, "rewards")).abs().max().item(), TOLERANCE, ""
    value = scores.loss(rewards)
    value.backward()
    yield "Bradley-Terry", abs(value.item() - stored(folder, "loss_bradley_terry").item()), TOLERANCE, ""
    error, worst = gradient_error(folder, theirs, "gradient_bradley_terry", scalar_head=True)
    yield "its gradient", error, GRADIENT_TOLERANCE, worst


def main():
    torch.set_num_threads(1)
    disable_progress_bar()
    set_verbosity_error()
    pairs = [json.loads(line) for line in (HERE / "pairs.jsonl").read_text().splitlines()]
    failed = False
    for folder in sorted(path.parent for path in HERE.glob("*/config.json")):
        results = list(check_language_model(folder, pairs))
        if (folder / "score.npy").exists():
            results += check_scalar_head(folder, pairs)
        print(f"{folder.name}:")
        for name, error, tolerance, where in results:
            passed = error <= tolerance  # false for NaN
            failed = failed or not passed
            print(f"  {name}: off by {error:.1e}{where and f' ({where})'}{'' if passed else f', not {tolerance:.0e}'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
