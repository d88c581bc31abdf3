# SPDX-License-Identifier: MIT
"""The parts of torch_model.py of Llama and of the families that differ from it in biases, in norms of queries and keys,
and in layers without rotation: Mistral, Qwen2, Qwen3, SmolLM3. Windows are refused.

Projections that read the same rows are one product: queries, keys and values; the gate and what it multiplies.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "smollm3")


def is_tied(config):
    return config.get("tie_word_embeddings", config["model_type"] == "smollm3")


def layers(config):
    return config["num_hidden_layers"]


def norm(config, width=None):
    return nn.RMSNorm(width or config["hidden_size"], eps=config["rms_norm_eps"])


def head_size(config):
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def has_windows(config):
    if config["model_type"] == "mistral":
        return config.get("sliding_window") is not None
    return config.get("use_sliding_window", False)


def inverse_frequencies(config):
    """[D/2]. `linear` scaling divides all; `llama3` divides those with long waves, and blends in between."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta, kind = rope.get("rope_theta") or config["rope_theta"], rope.get("rope_type", "default")
    size = head_size(config)
    inverse = 1.0 / theta ** (torch.arange(0, size, 2).float() / size)
    if kind == "linear":
        return inverse / rope["factor"]
    if kind == "llama3":
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        turns = rope["original_max_position_embeddings"] * inverse / (2 * math.pi)
        kept = ((turns - low) / (high - low)).clamp(0, 1)
        return (1 - kept) * inverse / rope["factor"] + kept * inverse
    if kind != "default":
        raise SystemExit(f"rope_type is {kind}, expected default, linear or llama3")
    return inverse


class Inputs(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config["model_type"] not in FAMILIES or config.get("hidden_act", "silu") != "silu" or has_windows(config):
            raise SystemExit(f"hand-written PyTorch has {', '.join(FAMILIES)}, with SwiGLU and without windows")
        self.tokens = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.register_buffer("inverse_frequencies", inverse_frequencies(config), persistent=False)

    def forward(self, tokens, positions):
        """The rows, and the cosines and sines [N, 1, D/2] of their positions' angles."""
        angles = positions[:, None].float() * self.inverse_frequencies
        return self.tokens(tokens), (angles.cos()[:, None], angles.sin()[:, None])


def rotate(heads, turns):
    """[N, H, D]: numbers j and j + D/2 of a head are a pair."""
    cosine, sine = (table.to(heads.dtype) for table in turns)
    first, second = heads.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


class Block(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        width, inner, size = config["hidden_size"], config["intermediate_size"], head_size(config)
        bias, mlp_bias = config.get("attention_bias", False), config.get("mlp_bias", False)
        self.heads = config["num_attention_heads"]
        self.kv_heads = config.get("num_key_value_heads") or self.heads
        self.rotated = bool(config.get("no_rope_layers", {layer: 1})[layer])
        self.norm_1, self.norm_2 = norm(config), norm(config)
        rows = (self.heads + 2 * self.kv_heads) * size
        self.attend = nn.Linear(width, rows, bias=bias or config["model_type"] == "qwen2")
        own_norms = config["model_type"] == "qwen3"
        self.q_norm, self.k_norm = (norm(config, size) if own_norms else None for _ in range(2))
        self.project = nn.Linear(self.heads * size, width, bias=bias)
        self.widen = nn.Linear(width, 2 * inner, bias=mlp_bias)
        self.narrow = nn.Linear(inner, width, bias=mlp_bias)

    def before(self, x, turns):
        """Queries [N, H, D], keys and values [N, KV, D]."""
        heads = self.attend(self.norm_1(x)).view(len(x), self.heads + 2 * self.kv_heads, -1)
        turned, v = heads.split((self.heads + self.kv_heads, self.kv_heads), dim=1)
        if self.q_norm:
            q, k = turned.split((self.heads, self.kv_heads), dim=1)
            turned = torch.cat((self.q_norm(q.float()), self.k_norm(k.float())), dim=1)
        if self.rotated:
            turned = rotate(turned, turns)
        return *turned.to(v.dtype).split((self.heads, self.kv_heads), dim=1), v

    def after(self, x, attended):
        x = x + self.project(attended)
        gate, up = self.widen(self.norm_2(x)).chunk(2, dim=-1)
        return x + self.narrow(F.silu(gate) * up)


OUTER = {"model.embed_tokens.weight": "inputs.tokens.weight", "model.norm.weight": "last_norm.weight",
         "lm_head.weight": "head_weight"}  # fmt: skip
NAMES = {"input_layernorm": "norm_1", "post_attention_layernorm": "norm_2", "self_attn.o_proj": "project",
         "self_attn.q_norm": "q_norm", "self_attn.k_norm": "k_norm", "mlp.down_proj": "narrow"}  # fmt: skip
JOINED = {"attend": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
          "widen": ("mlp.gate_proj", "mlp.up_proj")}  # fmt: skip


def state(tensors, config):
    """The file's tensors by the names here, those of one product joined."""
    found = {ours: tensors[theirs] for theirs, ours in OUTER.items() if theirs in tensors}
    for layer in range(layers(config)):
        parts = JOINED | {ours: (theirs,) for theirs, ours in NAMES.items()}
        for ours, theirs in parts.items():
            for kind in ("weight", "bias"):
                names = [f"model.layers.{layer}.{name}.{kind}" for name in theirs]
                if names[0] in tensors:
                    found[f"blocks.{layer}.{ours}.{kind}"] = torch.cat([tensors[name] for name in names])
    return found
