# SPDX-License-Identifier: MIT
"""GPT-2 in plain PyTorch functions, and its Hugging Face folders.

Radford et al. 2019, "Language models are unsupervised multitask learners": a decoder with layer norms before attention
and before the perceptron, one more before the head, learned positions, and linear weights stored [in, out].
Parameters are a dict from name (without the `transformer.` prefix) to tensor.
"""

import json
import math
import pathlib
import struct

import numpy as np
import torch
import torch.nn.functional as F


def parameter_shapes(config):
    """Names and shapes of all parameters, in the order in which the golden files concatenate them."""
    width, vocabulary = config["n_embd"], config["vocab_size"]
    inner = config["n_inner"] or 4 * width
    shapes = {"wte.weight": (vocabulary, width), "wpe.weight": (config["n_positions"], width)}
    for layer in range(config["n_layer"]):
        block = {
            "ln_1.weight": (width,),
            "ln_1.bias": (width,),
            "attn.c_attn.weight": (width, 3 * width),
            "attn.c_attn.bias": (3 * width,),
            "attn.c_proj.weight": (width, width),
            "attn.c_proj.bias": (width,),
            "ln_2.weight": (width,),
            "ln_2.bias": (width,),
            "mlp.c_fc.weight": (width, inner),
            "mlp.c_fc.bias": (inner,),
            "mlp.c_proj.weight": (inner, width),
            "mlp.c_proj.bias": (width,),
        }
        shapes.update({f"h.{layer}.{name}": shape for name, shape in block.items()})
    shapes.update({"ln_f.weight": (width,), "ln_f.bias": (width,)})
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (vocabulary, width)
    return shapes


def activation(name, x):
    if name == "gelu":
        return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))
    if name in ("gelu_new", "gelu_pytorch_tanh"):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    raise ValueError(f"activation_function: {name!r} is not one of GPT-2's")


def attention(config, parameters, prefix, x):
    """Causal self-attention of one sequence, [T, C] to [T, C]."""
    length, width = x.shape
    heads = config["n_head"]
    qkv = x @ parameters[prefix + "c_attn.weight"] + parameters[prefix + "c_attn.bias"]
    q, k, v = (part.reshape(length, heads, width // heads).transpose(0, 1) for part in qkv.split(width, dim=1))
    scores = q @ k.transpose(1, 2) / math.sqrt(width // heads)  # [H, T, T]
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    mixed = torch.softmax(scores.masked_fill(future, -math.inf), dim=-1) @ v
    joined = mixed.transpose(0, 1).reshape(length, width)
    return joined @ parameters[prefix + "c_proj.weight"] + parameters[prefix + "c_proj.bias"]


def perceptron(config, parameters, prefix, x):
    hidden = x @ parameters[prefix + "c_fc.weight"] + parameters[prefix + "c_fc.bias"]
    hidden = activation(config["activation_function"], hidden)
    return hidden @ parameters[prefix + "c_proj.weight"] + parameters[prefix + "c_proj.bias"]


def hidden(config, parameters, ids):
    """Hidden rows [T, C] of one sequence of token ids, after the last layer norm."""

    def norm(name, x):
        weight, bias = parameters[name + ".weight"], parameters[name + ".bias"]
        return F.layer_norm(x, x.shape[-1:], weight, bias, config["layer_norm_epsilon"])

    x = parameters["wte.weight"][torch.tensor(ids)] + parameters["wpe.weight"][: len(ids)]
    for layer in range(config["n_layer"]):
        prefix = f"h.{layer}."
        x = x + attention(config, parameters, prefix + "attn.", norm(prefix + "ln_1", x))
        x = x + perceptron(config, parameters, prefix + "mlp.", norm(prefix + "ln_2", x))
    return norm("ln_f", x)


def logits(config, parameters, ids):
    """Logits [T, V] of one sequence of token ids."""
    head = "wte.weight" if config["tie_word_embeddings"] else "lm_head.weight"
    return hidden(config, parameters, ids) @ parameters[head].T


def reward(config, parameters, prompt, response):
    """The value of a head without bias, `score.weight` [1, C], at the last token."""
    return (hidden(config, parameters, prompt + response) @ parameters["score.weight"].T)[-1, 0]


def response_log_probs(config, parameters, prompt, response):
    """log p of each response token, given the prompt and the response before it, [len(response)], nats."""
    all_ids = prompt + response
    rows = torch.log_softmax(logits(config, parameters, all_ids[:-1]), dim=-1)[len(prompt) - 1 :]
    return rows[torch.arange(len(response)), torch.tensor(response)]


def write_safetensors(path, tensors):
    """Writes a dict of float32 numpy arrays: 8 bytes of header length, a JSON header, the data without gaps."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, array in tensors.items():
        assert array.dtype == np.float32
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    data = b"".join(np.ascontiguousarray(array).tobytes() for array in tensors.values())
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    """The float32 tensors of a file, as a dict of numpy arrays."""
    raw = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F32", f"{path}: {name} is {entry['dtype']}"
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(raw[8 + length + begin : 8 + length + end], "<f4").reshape(entry["shape"])
    return tensors


def read_folder(folder):
    """(config, parameters in float64 that require gradients) of a Hugging Face folder, with or without prefix."""
    folder = pathlib.Path(folder)
    config = {"tie_word_embeddings": True, "n_inner": None, **json.loads((folder / "config.json").read_text())}
    stored = read_safetensors(folder / "model.safetensors")
    stored = {name.removeprefix("transformer."): array for name, array in stored.items()}
    parameters = {}
    for name, shape in parameter_shapes(config).items():
        assert stored[name].shape == shape, f"{folder}: {name} is {stored[name].shape}, expected {shape}"
        parameters[name] = torch.tensor(stored[name], dtype=torch.float64).requires_grad_()
    return config, parameters
