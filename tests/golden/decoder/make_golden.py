# SPDX-License-Identifier: MIT
"""Makes the golden values of the decoder tests, in float64: for each folder here with a config.json, its random
weights, token log-probs, losses, gradients, and log-probs after ten AdamW steps. README.md describes the files. Losses
and steps are those of ../gpt2/make_golden.py.

    python3 make_golden.py            writes them next to each config.json
    python3 make_golden.py --check    computes them again and compares them with the files
"""

import json
import pathlib
import shutil
import sys

import numpy as np
import torch

import model

shared, scores = model.from_gpt2("make_golden"), model.from_gpt2("make_score_golden")
shared.model = model  # whose log-probs its losses are taken of

HERE = pathlib.Path(__file__).resolve().parent
CONTEXT, FIRST_DRAWN = 24, 6  # tokens of the longest sequence; the first six ids begin prompts
VOCABULARY = 130
LOSSES = ("dpo", "sft")
SEEDS = {"llama": 31, "llama3": 37, "llama_linear": 41, "mistral": 43, "qwen2": 47, "qwen3": 53, "smollm3": 59}
SFT_GRADIENTS = ("llama3", "qwen3")
SCORE_SEEDS = {"llama": 61, "qwen3": 67}


def random_weights(config, random):
    """Weights far from an initialization, so that no missing scale, bias, gate or rotation goes unnoticed; float32
    numbers."""
    weights = {}
    for name, shape in model.parameter_shapes(config).items():
        values = 0.2 * random.standard_normal(shape)
        if name.endswith("norm.weight"):
            values += 1
        weights[name] = values.astype(np.float32)
    return weights


def make_pairs(random):
    """Six pairs that cover the packing's cases; no two begin with the same token except those meant to."""

    def ids(length, first=None):
        drawn = random.randint(FIRST_DRAWN, VOCABULARY, size=length).tolist()
        return drawn if first is None else [first] + drawn[1:]

    beginning = ids(4)
    longer = ids(5)
    shared_prompt = ids(11, first=0)
    pairs = [
        (ids(1, first=1), ids(3), ids(7)),  # a prompt of one token
        (ids(5, first=2), beginning + ids(3), beginning + ids(2)),  # responses that begin alike
        (ids(9, first=3), longer, longer[:3]),  # one a proper prefix of the other
        (shared_prompt, ids(6), ids(1)),  # two pairs on one prompt
        (shared_prompt, ids(2), ids(8)),
        (ids(7, first=4), ids(CONTEXT - 7), ids(12)),  # a sequence that fills the context
    ]
    return [dict(zip(("prompt_ids", "chosen_ids", "rejected_ids"), pair)) for pair in pairs]


def stored_tensors(name, config, weights):
    """The file's tensors by name, as transformers writes them. `llama` also has what the first Llama files had:
    frequencies, rounded to float16, that transformers ignores."""
    tensors = dict(weights)
    if name == "llama":
        rounded = model.inverse_frequencies(config).numpy().astype(np.float16).astype(np.float32)
        for layer in range(config["num_hidden_layers"]):
            tensors[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = rounded
    return dict(sorted(tensors.items()))


def score_values(config, parameters, pairs, seed):
    """Rewards, and Bradley-Terry's loss and gradient, of the trunk with a random head; see ../gpt2."""
    random = np.random.RandomState(seed)
    head = (0.35 * random.standard_normal((1, config["hidden_size"]))).astype(np.float32)
    parameters = {name: values for name, values in parameters.items() if name != "lm_head.weight"}
    parameters["score.weight"] = torch.tensor(head, dtype=torch.float64).requires_grad_()
    rewards = torch.stack([
        torch.stack([model.reward(config, parameters, pair["prompt_ids"], pair[side])
                     for side in ("chosen_ids", "rejected_ids")])
        for pair in pairs
    ])
    loss = scores.loss(rewards)
    gradient = torch.autograd.grad(loss, list(parameters.values()))
    return {"score": head, "rewards": rewards.detach(), "loss_bradley_terry": loss.detach().reshape(1),
            "gradient_bradley_terry": shared.flat(gradient)}


def write_model(folder, pairs):
    name = folder.name
    folder.mkdir()
    shutil.copyfile(HERE / name / "config.json", folder / "config.json")
    config = json.loads((folder / "config.json").read_text())
    random = np.random.RandomState(SEEDS[name])  # the only generator whose stream numpy promises never to change
    weights, reference_weights = random_weights(config, random), random_weights(config, random)
    model.files.write_safetensors(folder / "model.safetensors", stored_tensors(name, config, weights))
    shapes = [json.dumps({"name": name, "shape": shape}) for name, shape in model.parameter_shapes(config).items()]
    (folder / "parameters.json").write_text("[\n  " + ",\n  ".join(shapes) + "\n]\n")

    config, parameters = model.read_folder(folder)
    frozen = {name: torch.tensor(array, dtype=torch.float64) for name, array in reference_weights.items()}
    reference = shared.pair_log_probs(config, frozen, pairs)

    def save(name, values):
        np.save(folder / f"{name}.npy", np.asarray(values, dtype=np.float64))

    def log_probs():
        return shared.flat(side for pair in shared.pair_log_probs(config, parameters, pairs) for side in pair)

    save("log_probs", log_probs())
    save("reference_log_probs", shared.flat(side for pair in reference for side in pair))
    losses = {}
    for loss in LOSSES:
        value = shared.loss(loss, shared.pair_log_probs(config, parameters, pairs), reference)
        losses[loss] = value.item()
        if loss == "dpo" or name in SFT_GRADIENTS:
            save(f"gradient_{loss}", shared.flat(torch.autograd.grad(value, list(parameters.values()))))
    save("losses", list(losses.values()))
    if name in SCORE_SEEDS:
        for file, values in score_values(config, parameters, pairs, SCORE_SEEDS[name]).items():
            save(file, values)

    _, step_losses, norms = shared.adamw_steps(config, parameters, pairs, reference)
    save("adamw_losses", step_losses)
    save("adamw_gradient_norms", norms)
    save("adamw_log_probs", log_probs())
    print(name, losses, "losses of the steps", step_losses, "gradient norms", norms)


def write_all(root):
    pairs = make_pairs(np.random.RandomState(2))
    (root / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    for name in SEEDS:
        write_model(root / name, pairs)


if __name__ == "__main__":
    sys.exit(shared.main(write_all, HERE, __doc__))
