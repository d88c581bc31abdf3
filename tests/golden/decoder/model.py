# SPDX-License-Identifier: MIT
"""The decoder of Llama, Mistral, Qwen2, Qwen3 and SmolLM3 in plain PyTorch functions, float64, and its Hugging Face
folders.

Touvron et al. 2023, "LLaMA: open and efficient foundation language models" (arXiv:2302.13971): root mean square norms
before attention, before the perceptron and before the head, rotary positions (Su et al. 2021, arXiv:2104.09864), a
gated perceptron. With grouped heads (Ainslie et al. 2023, arXiv:2305.13245); the families differ in their biases, in
norms of queries and keys, and in windows. Linear weights are stored [out, in]. Parameters are a dict from a name, as in
the file, to a tensor.
"""

import importlib.util
import json
import math
import pathlib

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent


def from_gpt2(name):
    """A module of ../gpt2, whose modules have the same names as those here."""
    spec = importlib.util.spec_from_file_location(f"gpt2_{name}", HERE.parent / "gpt2" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


files = from_gpt2("model")  # read_safetensors and write_safetensors


def is_tied(config):
    return config.get("tie_word_embeddings", config["model_type"] == "smollm3")


def head_size(config):
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def kv_heads(config):
    return config.get("num_key_value_heads") or config["num_attention_heads"]


def window(config, layer):
    """The number of positions that a row of this layer sees, its own included; None if it sees all before it."""
    if config["model_type"] == "mistral":
        return config["sliding_window"]
    slides = config.get("use_sliding_window", False) and layer >= config["max_window_layers"]
    return config["sliding_window"] if slides else None


def is_rotated(config, layer):
    return bool(config.get("no_rope_layers", [1] * config["num_hidden_layers"])[layer])


def inverse_frequencies(config):
    """[D/2], in the roundings of transformers: computed in float32, operation by operation, then converted.

    Scaling: `linear` (Chen et al. 2023, arXiv:2306.15595) divides all; `llama3` divides those with a long wave and
    blends between.
    """
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = rope.get("rope_theta") or config["rope_theta"]
    size = head_size(config)
    inverse = 1.0 / theta ** (torch.arange(0, size, 2).float() / size)
    kind = rope.get("rope_type", "default")
    if kind == "linear":
        inverse = inverse / rope["factor"]
    elif kind == "llama3":
        original, factor = rope["original_max_position_embeddings"], rope["factor"]
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        wave = 2 * math.pi / inverse
        kept = (original / wave - low) / (high - low)
        blended = (1 - kept) * inverse / factor + kept * inverse
        inverse = torch.where(wave > original / low, inverse / factor,
                              torch.where(wave < original / high, inverse, blended))
    elif kind != "default":
        raise ValueError(f"rope_type: {kind!r} is not one of default, linear, llama3")
    return inverse.double()


def layer_shapes(config):
    """Names and shapes of one layer's parameters, in order."""
    width, inner, size = config["hidden_size"], config["intermediate_size"], head_size(config)
    q, kv = config["num_attention_heads"] * size, kv_heads(config) * size
    bias, mlp_bias = config.get("attention_bias", False), config.get("mlp_bias", False)
    shapes = {
        "input_layernorm.weight": (width,),
        "self_attn.q_proj.weight": (q, width),
        "self_attn.k_proj.weight": (kv, width),
        "self_attn.v_proj.weight": (kv, width),
    }
    if bias or config["model_type"] == "qwen2":
        shapes.update({"self_attn.q_proj.bias": (q,), "self_attn.k_proj.bias": (kv,), "self_attn.v_proj.bias": (kv,)})
    if config["model_type"] == "qwen3":
        shapes.update({"self_attn.q_norm.weight": (size,), "self_attn.k_norm.weight": (size,)})
    shapes["self_attn.o_proj.weight"] = (width, q)
    if bias:
        shapes["self_attn.o_proj.bias"] = (width,)
    shapes["post_attention_layernorm.weight"] = (width,)
    shapes.update({"mlp.gate_proj.weight": (inner, width), "mlp.up_proj.weight": (inner, width)})
    if mlp_bias:
        shapes.update({"mlp.gate_proj.bias": (inner,), "mlp.up_proj.bias": (inner,)})
    shapes["mlp.down_proj.weight"] = (width, inner)
    if mlp_bias:
        shapes["mlp.down_proj.bias"] = (width,)
    return shapes


def parameter_shapes(config):
    """Names and shapes of all parameters, in the order in which the golden files concatenate them."""
    width, vocabulary = config["hidden_size"], config["vocab_size"]
    shapes = {"model.embed_tokens.weight": (vocabulary, width)}
    for layer in range(config["num_hidden_layers"]):
        shapes.update({f"model.layers.{layer}.{name}": shape for name, shape in layer_shapes(config).items()})
    shapes["model.norm.weight"] = (width,)
    if not is_tied(config):
        shapes["lm_head.weight"] = (vocabulary, width)
    return shapes


def linear(parameters, name, x):
    return F.linear(x, parameters[name + ".weight"], parameters.get(name + ".bias"))


def rms_norm(config, weight, x):
    """Over the last axis. Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4."""
    return weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + config["rms_norm_eps"])


def rotate(config, x):
    """[..., T, D] turned by position: numbers j and j + D/2 of a head are a pair."""
    position = torch.arange(x.shape[-2], dtype=torch.float64)
    angle = position[:, None] * inverse_frequencies(config)  # [T, D/2]
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * angle.cos() - second * angle.sin(), second * angle.cos() + first * angle.sin()), dim=-1)


def unseen(length, window):
    """[T, T], true where row i does not see j: later ones, and those a window or more back."""
    back = torch.arange(length)[:, None] - torch.arange(length)
    return (back < 0) | (back >= (window or length))


def attention(config, parameters, layer, x):
    """Causal self-attention of one sequence, [T, C] to [T, C]."""
    length, size, heads = len(x), head_size(config), config["num_attention_heads"]
    prefix = f"model.layers.{layer}.self_attn."
    projected = (linear(parameters, f"{prefix}{part}_proj", x) for part in "qkv")
    q, k, v = (part.reshape(length, -1, size).transpose(0, 1) for part in projected)  # [H or KV, T, D]
    if config["model_type"] == "qwen3":
        q, k = (rms_norm(config, parameters[f"{prefix}{part}_norm.weight"], y) for part, y in (("q", q), ("k", k)))
    if is_rotated(config, layer):
        q, k = rotate(config, q), rotate(config, k)
    k, v = (y.repeat_interleave(heads // kv_heads(config), dim=0) for y in (k, v))  # [H, T, D]
    scores = q @ k.transpose(1, 2) / math.sqrt(size)  # [H, T, T]
    mixed = torch.softmax(scores.masked_fill(unseen(length, window(config, layer)), -math.inf), dim=-1) @ v
    return linear(parameters, prefix + "o_proj", mixed.transpose(0, 1).reshape(length, -1))


def perceptron(parameters, layer, x):
    """SwiGLU. Shazeer 2020, arXiv:2002.05202, eq. 6."""
    prefix = f"model.layers.{layer}.mlp."
    gate, up = (linear(parameters, f"{prefix}{part}_proj", x) for part in ("gate", "up"))
    return linear(parameters, prefix + "down_proj", F.silu(gate) * up)


def hidden(config, parameters, ids):
    """Hidden rows [T, C] of one sequence of token ids, after the last norm."""

    def norm(name, x):
        return rms_norm(config, parameters[f"model.{name}.weight"], x)

    x = parameters["model.embed_tokens.weight"][torch.tensor(ids)]
    for layer in range(config["num_hidden_layers"]):
        x = x + attention(config, parameters, layer, norm(f"layers.{layer}.input_layernorm", x))
        x = x + perceptron(parameters, layer, norm(f"layers.{layer}.post_attention_layernorm", x))
    return norm("norm", x)


def logits(config, parameters, ids):
    """Logits [T, V] of one sequence of token ids."""
    head = "model.embed_tokens.weight" if is_tied(config) else "lm_head.weight"
    return hidden(config, parameters, ids) @ parameters[head].T


def reward(config, parameters, prompt, response):
    """The value of a head without bias, `score.weight` [1, C], at the last token."""
    return (hidden(config, parameters, prompt + response) @ parameters["score.weight"].T)[-1, 0]


def response_log_probs(config, parameters, prompt, response):
    """log p of each response token, given the prompt and the response before it, [len(response)], nats."""
    rows = torch.log_softmax(logits(config, parameters, (prompt + response)[:-1]), dim=-1)[len(prompt) - 1 :]
    return rows[torch.arange(len(response)), torch.tensor(response)]


def read_folder(folder):
    """(config, parameters in float64 that require gradients) of a Hugging Face folder."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    stored = files.read_safetensors(folder / "model.safetensors")
    parameters = {}
    for name, shape in parameter_shapes(config).items():
        assert stored[name].shape == shape, f"{folder}: {name} is {stored[name].shape}, expected {shape}"
        parameters[name] = torch.tensor(stored[name], dtype=torch.float64).requires_grad_()
    return config, parameters
