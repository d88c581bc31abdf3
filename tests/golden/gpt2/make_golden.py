# SPDX-License-Identifier: MIT
"""Makes the golden values of the GPT-2 tests, in float64: two tiny models as Hugging Face folders, and next to each its
token log-probs, losses, gradients and ten AdamW steps. README.md describes the files.

    python3 make_golden.py            writes them next to this script
    python3 make_golden.py --check    computes them again and compares them with the files
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import torch
import torch.nn.functional as F

import model

HERE = pathlib.Path(__file__).resolve().parent
VOCABULARY, POSITIONS = 61, 48
BETA, LABEL_SMOOTHING = 0.1, 0.1
LOSSES = ("dpo", "cdpo", "hinge", "ipo", "sft")
STEPS, CLIP_NORM = 10, 1.0
# Chosen so that some pairs have margins beyond 1 / BETA, where the hinge is flat, and some below.
SEEDS = {"tiny": 19, "untied": 17}

COMMON = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "vocab_size": VOCABULARY,
    "n_positions": POSITIONS,
    "torch_dtype": "float32",
}
# Differences between the two: activation, perceptron width, epsilon, tied head, names with or without prefix.
MODELS = {
    "tiny": {
        **COMMON,
        "n_layer": 2,
        "n_head": 2,
        "n_embd": 16,
        "n_inner": 40,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": True,
    },
    "untied": {
        **COMMON,
        "n_layer": 1,
        "n_head": 3,
        "n_embd": 12,
        "n_inner": None,
        "activation_function": "gelu",
        "layer_norm_epsilon": 1e-3,
        "tie_word_embeddings": False,
    },
}


def random_weights(config, random):
    """Weights far from GPT-2's initialization, so that no missing scale or bias goes unnoticed; float32 numbers."""
    weights = {}
    for name, shape in model.parameter_shapes(config).items():
        values = 0.35 * random.standard_normal(shape)
        if ".weight" in name and len(shape) == 1:
            values += 1  # layer-norm scales
        weights[name] = values.astype(np.float32)
    return weights


def make_pairs(random):
    """Six pairs that cover the packing's cases; no two begin with the same token except those meant to."""

    def ids(length, first=None):
        drawn = random.randint(6, VOCABULARY, size=length).tolist()
        return drawn if first is None else [first] + drawn[1:]

    shared = ids(17, first=0)
    beginning = ids(4)
    longer = ids(5)
    pairs = [
        (ids(1, first=1), ids(3), ids(7)),  # a prompt of one token
        (ids(5, first=2), beginning + ids(3), beginning + ids(2)),  # responses that begin alike
        (ids(9, first=3), longer, longer[:3]),  # one a proper prefix of the other
        (shared, ids(6), ids(1)),  # two pairs on one prompt
        (shared + ids(1), ids(2), ids(8)),  # ... which continues in one of them
        (ids(12, first=4), ids(POSITIONS - 12), ids(20)),  # a sequence that fills the context
    ]
    return [dict(zip(("prompt_ids", "chosen_ids", "rejected_ids"), pair)) for pair in pairs]


def pair_log_probs(config, parameters, pairs):
    """[(chosen, rejected)] token log-probs of every pair."""
    return [
        tuple(model.response_log_probs(config, parameters, pair["prompt_ids"], pair[side])
              for side in ("chosen_ids", "rejected_ids"))
        for pair in pairs
    ]


def loss(name, policy, reference):
    """Mean over the pairs. Formulas: DPO Rafailov et al. 2023 (arXiv:2305.18290) eq. 7, with conservative smoothing;
    hinge on DPO's margin (arXiv:2309.06657); IPO Azar et al. 2023 (arXiv:2310.12036) eq. 17 on length-averaged ratios."""
    terms = []
    for (chosen, rejected), (reference_chosen, reference_rejected) in zip(policy, reference):
        ratio_chosen, ratio_rejected = chosen - reference_chosen, rejected - reference_rejected
        margin = ratio_chosen.sum() - ratio_rejected.sum()
        if name == "dpo":
            terms.append(-F.logsigmoid(BETA * margin))
        elif name == "cdpo":
            terms.append(-(1 - LABEL_SMOOTHING) * F.logsigmoid(BETA * margin)
                         - LABEL_SMOOTHING * F.logsigmoid(-BETA * margin))
        elif name == "hinge":
            terms.append(torch.relu(1 - BETA * margin))
        elif name == "ipo":
            terms.append((ratio_chosen.mean() - ratio_rejected.mean() - 1 / (2 * BETA)) ** 2)
        elif name == "sft":
            terms.append(-chosen.mean())
        else:
            raise ValueError(name)
    return torch.stack(terms).mean()


def flat(tensors):
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).numpy()


def adamw_steps(config, parameters, pairs, reference):
    """Ten steps of DPO on all pairs: (final parameters, losses before each step, gradient norms before clipping)."""
    matrices = [p for p in parameters.values() if p.dim() == 2]
    vectors = [p for p in parameters.values() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}],
        lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    losses, norms = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = loss("dpo", pair_log_probs(config, parameters, pairs), reference)
        value.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(list(parameters.values()), CLIP_NORM).item())
        losses.append(value.item())
        optimizer.step()
    return flat(parameters.values()), losses, norms


def stored_tensors(config, weights, prefixed):
    """The file's tensors: with the prefix, as transformers writes them, or without it and with the mask buffers of the
    first GPT-2 files. An untied head never has the prefix."""
    if prefixed:
        return {name if name == "lm_head.weight" else "transformer." + name: array for name, array in weights.items()}
    tensors = dict(weights)
    for layer in range(config["n_layer"]):
        mask = np.tril(np.ones((POSITIONS, POSITIONS), np.float32))
        tensors[f"h.{layer}.attn.bias"] = mask.reshape(1, 1, POSITIONS, POSITIONS)
        tensors[f"h.{layer}.attn.masked_bias"] = np.array(-10000, np.float32)
    return tensors


def write_model(folder, config, pairs, seed):
    folder.mkdir()
    random = np.random.RandomState(seed)  # the only generator whose stream numpy promises never to change
    weights, reference_weights = random_weights(config, random), random_weights(config, random)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    model.write_safetensors(folder / "model.safetensors",
                            stored_tensors(config, weights, prefixed=not config["tie_word_embeddings"]))
    shapes = [json.dumps({"name": name, "shape": shape}) for name, shape in model.parameter_shapes(config).items()]
    (folder / "parameters.json").write_text("[\n  " + ",\n  ".join(shapes) + "\n]\n")

    config, parameters = model.read_folder(folder)
    frozen = {name: torch.tensor(array, dtype=torch.float64) for name, array in reference_weights.items()}
    reference = pair_log_probs(config, frozen, pairs)

    def save(name, values):
        np.save(folder / f"{name}.npy", np.asarray(values, dtype=np.float64))

    save("log_probs", flat(side for pair in pair_log_probs(config, parameters, pairs) for side in pair))
    save("reference_log_probs", flat(side for pair in reference for side in pair))
    values = []
    for name in LOSSES:
        for parameter in parameters.values():
            parameter.grad = None
        value = loss(name, pair_log_probs(config, parameters, pairs), reference)
        value.backward()
        values.append(value.item())
        save(f"gradient_{name}", flat(p.grad for p in parameters.values()))
    save("losses", values)

    final, losses, norms = adamw_steps(config, parameters, pairs, reference)
    save("adamw_parameters", final)
    save("adamw_losses", losses)
    save("adamw_gradient_norms", norms)
    print(folder.name, dict(zip(LOSSES, values)), "gradient norms", norms)


def write_all(root):
    pairs = make_pairs(np.random.RandomState(1))
    (root / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    for name, config in MODELS.items():
        write_model(root / name, config, pairs, SEEDS[name])


def same(name, made, stored):
    """Bytes of text and weights; numbers to 1e-12 of their tensor's norm, because the order of sums may differ."""
    if not name.endswith(".npy"):
        return made.read_bytes() == stored.read_bytes()
    made, stored = np.load(made), np.load(stored)
    return made.shape == stored.shape and np.linalg.norm(made - stored) <= 1e-12 * np.linalg.norm(stored)


def main(write_all, folder, description):
    """The command line of a script that writes files into a folder: with --check, what write_all(root) writes into
    another is compared with them."""
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="compare with the files and write nothing")
    check = arguments.parse_args().check
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        write_all(made)
        names = sorted(str(path.relative_to(made)) for path in made.rglob("*") if path.is_file())
        if check:
            wrong = [name for name in names if not same(name, made / name, folder / name)]
            print(f"{len(names)} files, {len(wrong)} differ", *wrong)
            return 1 if wrong else 0
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(made / name, folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(write_all, HERE, __doc__))
