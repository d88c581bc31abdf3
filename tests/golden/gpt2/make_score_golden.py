# SPDX-License-Identifier: MIT
"""Makes the golden values of GPT-2 with a scalar head, in float64: the two tiny models' trunks with a head of one
output and no bias, read at the last token of a prompt and its response. README.md describes the files.

    python3 make_score_golden.py            writes them next to the models
    python3 make_score_golden.py --check    computes them again and compares them with the files
    python3 make_score_golden.py --transformers
        compares rewards, loss and gradients with Hugging Face's GPT2ForSequenceClassification in float64, each sequence
        alone and all of them padded to one batch (transformers 5.24.0, torch 2.15.0)
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

import model

HERE = pathlib.Path(__file__).resolve().parent
MARGIN, CENTER = 0.5, 0.01
SEEDS = {"tiny": 23, "untied": 29}
PAD = 0  # token 0 begins a prompt, but no sequence ends in it


def read_model(name):
    """(config, the trunk's parameters and score.weight), float32 numbers in float64 that require gradients."""
    config, parameters = model.read_folder(HERE / name)
    parameters.pop("lm_head.weight", None)
    random = np.random.RandomState(SEEDS[name])
    score = (0.35 * random.standard_normal((1, config["n_embd"]))).astype(np.float32)
    parameters["score.weight"] = torch.tensor(score, dtype=torch.float64).requires_grad_()
    return config, parameters


def read_pairs():
    return [json.loads(line) for line in (HERE / "pairs.jsonl").read_text().splitlines()]


def loss(rewards):
    """For rewards [P, 2], the chosen one first; mean over the pairs. Touvron et al. 2023 (arXiv:2307.09288) eq. 2 and
    the centering of Eisenstein et al. 2023 (arXiv:2312.09244)."""
    chosen, rejected = rewards.unbind(1)
    return (-F.logsigmoid(chosen - rejected - MARGIN) + CENTER * (chosen + rejected) ** 2).mean()


def values_of(name):
    config, parameters = read_model(name)
    rewards = torch.stack([
        torch.stack([model.reward(config, parameters, pair["prompt_ids"], pair[side])
                     for side in ("chosen_ids", "rejected_ids")])
        for pair in read_pairs()
    ])
    value = loss(rewards)
    value.backward()
    gradient = torch.cat([parameter.grad.reshape(-1) for parameter in parameters.values()])
    found = {"score": parameters["score.weight"], "rewards": rewards, "loss_bradley_terry": value.reshape(1),
             "gradient_bradley_terry": gradient}
    return {key: tensor.detach().numpy() for key, tensor in found.items()}


def transformers_model(name):
    from transformers import GPT2Config, GPT2ForSequenceClassification

    config, parameters = read_model(name)
    theirs = GPT2ForSequenceClassification(
        GPT2Config(**{key: value for key, value in config.items() if key != "torch_dtype"}, num_labels=1,
                   pad_token_id=PAD)).double().eval()
    named = {key if key == "score.weight" else "transformer." + key: value for key, value in parameters.items()}
    missing = theirs.load_state_dict(named, strict=False)
    assert not missing.unexpected_keys and all("attn" in key for key in missing.missing_keys), missing
    return theirs, named


def against_transformers(name):
    """The largest relative errors of rewards, loss and gradients, for answers one by one and as a batch."""
    expected = values_of(name)
    errors = []
    for padded in (False, True):
        theirs, named = transformers_model(name)
        ids = [torch.tensor(pair["prompt_ids"] + pair[side])
               for pair in read_pairs() for side in ("chosen_ids", "rejected_ids")]
        assert all(one[-1] != PAD for one in ids)
        if padded:
            batch = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=PAD)
            seen = torch.nn.utils.rnn.pad_sequence([torch.ones_like(one) for one in ids], batch_first=True)
            rewards = theirs(input_ids=batch, attention_mask=seen).logits
        else:
            rewards = torch.cat([theirs(input_ids=one[None]).logits for one in ids])
        rewards = rewards.reshape(-1, 2)
        value = loss(rewards)
        value.backward()
        found = dict(theirs.named_parameters())
        gradient = torch.cat([found[key].grad.reshape(-1) for key in named])
        for key, came in (("rewards", rewards), ("loss_bradley_terry", value.reshape(1)),
                          ("gradient_bradley_terry", gradient)):
            errors.append(np.linalg.norm(came.detach().numpy() - expected[key]) / np.linalg.norm(expected[key]))
    return max(errors)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="compare with the files and write nothing")
    arguments.add_argument("--transformers", action="store_true", help="compare with transformers and write nothing")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    wrong = []
    for name in SEEDS:
        if options.transformers:
            error = against_transformers(name)
            print(f"{name}: GPT2ForSequenceClassification is off by {error:.1e}")
            wrong += [name] if error > 1e-12 else []
            continue
        for key, numbers in values_of(name).items():
            path = HERE / name / f"{key}.npy"
            if not options.check:
                np.save(path, numbers)
            elif np.linalg.norm(np.load(path) - numbers) > 1e-12 * np.linalg.norm(numbers):
                wrong.append(str(path))
    print("differ:" if wrong else "all agree" if options.check or options.transformers else "written", *wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
