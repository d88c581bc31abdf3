# SPDX-License-Identifier: MIT
"""GPT-2 by hand, for rows of many sequences at once.

Every layer except attention works on all rows [N, C] together; attention works on rectangles of rows. The layout
(torch_layouts.py) arranges sequences in rectangles: padded, unpadded or with shared prompts.
"""

import json
import pathlib

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, heads, epsilon):
        super().__init__()
        self.heads = heads
        self.ln_1 = nn.LayerNorm(width, eps=epsilon)
        self.attend = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.ln_2 = nn.LayerNorm(width, eps=epsilon)
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)

    def before(self, x):
        return self.attend(self.ln_1(x))

    def after(self, x, attended):
        x = x + self.project(attended)
        return x + self.narrow(F.gelu(self.widen(self.ln_2(x)), approximate="tanh"))

    def attention(self, qkv, rectangles):
        parts = []
        for rows, rectangle in zip(qkv.split([r.count * r.length for r in rectangles]), rectangles):
            heads = rows.view(rectangle.count, rectangle.length, 3, self.heads, -1)
            q, k, v = heads.permute(2, 0, 3, 1, 4).unbind(0)  # [count, H, length, D] each
            out = F.scaled_dot_product_attention(q, k, v, attn_mask=rectangle.mask, is_causal=rectangle.mask is None)
            parts.append(out.transpose(1, 2).reshape(len(rows), -1))
        return torch.cat(parts) if len(parts) > 1 else parts[0]


class Gpt2(nn.Module):
    """`forward` returns the log-prob of each of a batch's targets, [M]; logits exist only for these rows."""

    def __init__(self, config):
        super().__init__()
        width, epsilon = config["n_embd"], config["layer_norm_epsilon"]
        self.wte = nn.Embedding(config["vocab_size"], width)
        self.wpe = nn.Embedding(config["n_positions"], width)
        self.blocks = nn.ModuleList(Block(width, config["n_head"], epsilon) for _ in range(config["n_layer"]))
        self.ln_f = nn.LayerNorm(width, eps=epsilon)
        self.head_everywhere = False  # logits of every row, as trainers compute them

    def head(self, x, targets):
        logits = F.linear(self.ln_f(x), self.wte.weight)
        return -F.cross_entropy(logits.float(), targets, reduction="none")

    def forward(self, batch):
        x = self.wte(batch.tokens) + self.wpe(batch.positions)
        for block in self.blocks:
            x = block.after(x, block.attention(block.before(x), batch.rectangles))
        if self.head_everywhere:
            return F.log_softmax(F.linear(self.ln_f(x), self.wte.weight).float(), -1)[batch.rows, batch.targets]
        return self.head(x[batch.rows], batch.targets)

    def compile_parts(self):
        """Compiles the parts between attentions for any number of rows; the rectangles differ from batch to batch."""
        self.head = torch.compile(self.head, dynamic=True)
        for block in self.blocks:
            block.before = torch.compile(block.before, dynamic=True)
            block.after = torch.compile(block.after, dynamic=True)


NAMES = {"attn.c_attn": "attend", "attn.c_proj": "project", "mlp.c_fc": "widen", "mlp.c_proj": "narrow"}


def load(folder):
    """The model of a Hugging Face folder. Its linear weights are [in, out]; nn.Linear needs them transposed."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    model = Gpt2(config)
    state = {}
    for name, tensor in safetensors.torch.load_file(folder / "model.safetensors").items():
        name = name.removeprefix("transformer.")
        name = "blocks." + name.removeprefix("h.") if name.startswith("h.") else name
        for theirs, ours in NAMES.items():
            if f".{theirs}." in name:
                name = name.replace(theirs, ours)
                tensor = tensor.t().contiguous() if name.endswith("weight") else tensor
        state[name] = tensor
    model.load_state_dict(state)
    return model
