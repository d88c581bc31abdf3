# SPDX-License-Identifier: MIT
"""GPT-2's parts of torch_model.py."""

import torch.nn.functional as F
from torch import nn


def is_tied(config):
    return config.get("tie_word_embeddings", True)


def layers(config):
    return config["n_layer"]


def norm(config):
    return nn.LayerNorm(config["n_embd"], eps=config["layer_norm_epsilon"])


class Inputs(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.get("activation_function", "gelu_new") not in ("gelu_new", "gelu_pytorch_tanh"):
            raise SystemExit(f"hand-written PyTorch has no {config['activation_function']}")
        self.tokens = nn.Embedding(config["vocab_size"], config["n_embd"])
        self.positions = nn.Embedding(config["n_positions"], config["n_embd"])

    def forward(self, tokens, positions):
        return self.tokens(tokens) + self.positions(positions), None


class Block(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        width = config["n_embd"]
        inner = config.get("n_inner") or 4 * width
        self.heads = config["n_head"]
        self.ln_1 = norm(config)
        self.attend = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.ln_2 = norm(config)
        self.widen = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)

    def before(self, x, turns):
        """Queries, keys and values, [N, H, D] each."""
        return self.attend(self.ln_1(x)).view(len(x), 3, self.heads, -1).unbind(1)

    def after(self, x, attended):
        x = x + self.project(attended)
        return x + self.narrow(F.gelu(self.widen(self.ln_2(x)), approximate="tanh"))


NAMES = {"attn.c_attn": "attend", "attn.c_proj": "project", "mlp.c_fc": "widen", "mlp.c_proj": "narrow"}
OUTER = {"wte": "inputs.tokens", "wpe": "inputs.positions", "ln_f": "last_norm"}


def state(tensors, config):
    """The file's tensors by the names here. Its linear weights are [in, out]; nn.Linear needs them transposed."""
    found = {}
    for name, tensor in tensors.items():
        if name.endswith((".attn.bias", ".attn.masked_bias")):  # the causal mask, in old files
            continue
        name = name.removeprefix("transformer.")
        name = "blocks." + name.removeprefix("h.") if name.startswith("h.") else name
        for theirs, ours in NAMES.items():
            if f".{theirs}." in name:
                name = name.replace(theirs, ours)
                tensor = tensor.t().contiguous() if name.endswith("weight") else tensor
        first, _, rest = name.partition(".")
        found[f"{OUTER[first]}.{rest}" if first in OUTER else name] = tensor
    if "lm_head.weight" in found:
        found["head_weight"] = found.pop("lm_head.weight")
    return found
