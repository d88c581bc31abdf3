# SPDX-License-Identifier: MIT
"""A decoder by hand, for rows of many sequences at once; torch_gpt2.py and torch_llama.py have the blocks.

Every layer except attention works on all rows [N, C] together; attention works on rectangles of rows. The layout
(torch_layouts.py) arranges sequences in rectangles: padded, unpadded or with shared prompts.
"""

import json
import pathlib

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn

import torch_gpt2
import torch_llama


def attend(q, k, v, rectangles):
    """Attention within each rectangle: q [N, H, D], k and v [N, KV, D], to [N, H * D]."""
    parts, sizes = [], [r.count * r.length for r in rectangles]
    for *rows, r in zip(q.split(sizes), k.split(sizes), v.split(sizes), rectangles):
        heads = (part.view(r.count, r.length, *part.shape[1:]).transpose(1, 2) for part in rows)
        grouped = q.shape[1] != k.shape[1]
        out = F.scaled_dot_product_attention(*heads, attn_mask=r.mask, is_causal=r.mask is None, enable_gqa=grouped)
        parts.append(out.transpose(1, 2).reshape(len(rows[0]), -1))
    return torch.cat(parts) if len(parts) > 1 else parts[0]


class Decoder(nn.Module):
    """`forward` returns the log-prob of each of a batch's targets, [M]; logits exist only for these rows. `family` is
    torch_gpt2 or torch_llama: its Inputs make the first rows, and what a block's `before` needs besides rows."""

    def __init__(self, family, config):
        super().__init__()
        self.inputs = family.Inputs(config)
        self.blocks = nn.ModuleList(family.Block(config, layer) for layer in range(family.layers(config)))
        self.last_norm = family.norm(config)
        self.head_weight = self.inputs.tokens.weight
        if not family.is_tied(config):
            self.head_weight = nn.Parameter(torch.empty_like(self.head_weight))
        self.vocabulary = len(self.head_weight)
        self.head_everywhere = False  # logits of every row, as trainers compute them

    def head(self, x, targets):
        logits = F.linear(self.last_norm(x), self.head_weight)
        return -F.cross_entropy(logits.float(), targets, reduction="none")

    def forward(self, batch):
        x, turns = self.inputs(batch.tokens, batch.positions)
        for block in self.blocks:
            x = block.after(x, attend(*block.before(x, turns), batch.rectangles))
        if self.head_everywhere:
            return F.log_softmax(F.linear(self.last_norm(x), self.head_weight).float(), -1)[batch.rows, batch.targets]
        return self.head(x[batch.rows], batch.targets)

    def compile_parts(self):
        """Compiles the parts between attentions for any number of rows; the rectangles differ from batch to batch."""
        self.head = torch.compile(self.head, dynamic=True)
        for block in self.blocks:
            block.before = torch.compile(block.before, dynamic=True)
            block.after = torch.compile(block.after, dynamic=True)


def load(folder):
    """The model of a Hugging Face folder."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    family = torch_gpt2 if config["model_type"] == "gpt2" else torch_llama
    model = Decoder(family, config)
    files = sorted(folder.glob("model*.safetensors"))  # one, or shards
    state = family.state({n: t.float() for f in files for n, t in safetensors.torch.load_file(f).items()}, config)
    state.setdefault("head_weight", state["inputs.tokens.weight"])
    model.load_state_dict(state)
    return model
