# SPDX-License-Identifier: MIT
"""Arranges pairs in rows and rectangles of rows, in four ways.

concatenated: one row per sequence, all padded to the longest, in one rectangle, as trainers do it.
padded:   one row per sequence, sorted by length, in rectangles whose shortest row has at least 3/4 of the longest.
unpadded: one rectangle per sequence, or for all sequences of the same length.
shared:   one rectangle per pair: its prompt once, then both responses, and a mask that separates them.

A sequence's last token predicts nothing, so it is not among the rows.
"""

import dataclasses

import torch


@dataclasses.dataclass
class Rectangle:
    count: int
    length: int
    mask: torch.Tensor | None = None  # [length, length], True where a row sees a column; None: causal


@dataclasses.dataclass
class Batch:
    tokens: torch.Tensor  # [N]
    positions: torch.Tensor  # [N]
    rectangles: list
    rows: torch.Tensor  # [M] the row that predicts each target
    targets: torch.Tensor  # [M]
    owners: torch.Tensor  # [M] 0 .. P-1: chosen of that pair, P .. 2P-1: rejected
    pairs: int

    def to(self, device):
        moved = {name: getattr(self, name).to(device) for name in ("tokens", "positions", "rows", "targets", "owners")}
        rectangles = [Rectangle(r.count, r.length, None if r.mask is None else r.mask.to(device)) for r in self.rectangles]
        return dataclasses.replace(self, rectangles=rectangles, **moved)

    def sums(self, log_probs):
        """(chosen, rejected) [P] each, of the targets' log-probs [M]."""
        return log_probs.new_zeros(2 * self.pairs).index_add(0, self.owners, log_probs).chunk(2)


class Builder:
    def __init__(self, pairs):
        self.pairs = len(pairs)
        self.tokens, self.positions, self.rectangles = [], [], []
        self.rows, self.targets, self.owners = [], [], []

    def add_rows(self, tokens, first_position):
        begin = len(self.tokens)
        self.tokens += tokens
        self.positions += range(first_position, first_position + len(tokens))
        return begin

    def add_targets(self, first_row, rest, response, owner):
        """The first token of a response is predicted by first_row, the others from row `rest` on."""
        self.rows += [first_row, *range(rest, rest + len(response) - 1)]
        self.targets += response
        self.owners += [owner] * len(response)

    def finish(self):
        numbers = (self.tokens, self.positions, self.rows, self.targets, self.owners)
        tokens, positions, rows, targets, owners = (torch.tensor(n) for n in numbers)
        return Batch(tokens, positions, self.rectangles, rows, targets, owners, self.pairs)


def sequences(pairs):
    """(prompt, response, owner), longest first."""
    chosen = [(p["prompt_ids"], p["chosen_ids"], i) for i, p in enumerate(pairs)]
    rejected = [(p["prompt_ids"], p["rejected_ids"], i + len(pairs)) for i, p in enumerate(pairs)]
    return sorted(chosen + rejected, key=lambda s: -len(s[0]) - len(s[1]))


def rectangular(pairs, least):
    """Sequences of similar length share a rectangle: each has at least `least` times the length of the longest."""
    builder, groups = Builder(pairs), []
    for sequence in sequences(pairs):
        length = len(sequence[0]) + len(sequence[1]) - 1
        if not groups or length < least * groups[-1][0]:
            groups.append((length, []))
        groups[-1][1].append(sequence)
    for length, members in groups:
        builder.rectangles.append(Rectangle(len(members), length))
        for prompt, response, owner in members:
            tokens = (prompt + response)[:-1]
            begin = builder.add_rows(tokens + [0] * (length - len(tokens)), 0)  # no row sees tokens to its right
            last_of_prompt = begin + len(prompt) - 1
            builder.add_targets(last_of_prompt, last_of_prompt + 1, response, owner)
    return builder.finish()


def shared(pairs):
    builder = Builder(pairs)
    for i, pair in enumerate(pairs):
        prompt, chosen, rejected = pair["prompt_ids"], pair["chosen_ids"], pair["rejected_ids"]
        last_of_prompt = builder.add_rows(prompt, 0) + len(prompt) - 1
        for response, owner in ((chosen, i), (rejected, i + len(pairs))):
            begin = builder.add_rows(response[:-1], len(prompt))
            builder.add_targets(last_of_prompt, begin, response, owner)
        length = len(prompt) + len(chosen) + len(rejected) - 2
        mask = torch.ones(length, length, dtype=torch.bool).tril()
        mask[length - len(rejected) + 1 :, len(prompt) : len(prompt) + len(chosen) - 1] = False
        builder.rectangles.append(Rectangle(1, length, mask))
    return builder.finish()


LAYOUTS = {
    "concatenated": lambda pairs: rectangular(pairs, 0.0),
    "padded": lambda pairs: rectangular(pairs, 0.75),
    "unpadded": lambda pairs: rectangular(pairs, 1.0),
    "shared": shared,
}
