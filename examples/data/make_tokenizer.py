#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes vocab.json and merges.txt beside itself: a byte-pair encoding in GPT-2's form, learned from train.jsonl. With
--check it compares them with what it would write.

The vocabulary holds the 256 bytes, <|endoftext|>, and one token for each merge. Merges are learned until no pair of
neighbors occurs LEAST times. Held-out texts play no part in it.
"""

import collections
import json
import pathlib
import re
import sys

LEAST = 20
# What GPT-2's pattern cuts these texts into: runs of letters, digits or other signs, each with the space before it.
WORDS = re.compile(r" ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")


def byte_names():
    """The character that stands for each byte in GPT-2's files, in the order of its vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + i) for i, byte in enumerate(others)}}


def learn(texts, names):
    """The merges, the most frequent pair first; of equally frequent ones the first in the order of their names."""
    counts = collections.Counter(word for text in texts for word in WORDS.findall(text))
    words = [([names[byte] for byte in word.encode()], count) for word, count in sorted(counts.items())]
    merges = []
    while True:
        pairs = collections.Counter()
        for parts, count in words:
            for pair in zip(parts, parts[1:]):
                pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < LEAST:
            return merges
        merges.append(best)
        for parts, _ in words:
            i = 0
            while i + 1 < len(parts):
                if (parts[i], parts[i + 1]) == best:
                    parts[i : i + 2] = [parts[i] + parts[i + 1]]
                else:
                    i += 1


def main():
    folder = pathlib.Path(__file__).parent
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    names = byte_names()
    merges = learn([row[member] for row in rows for member in row], names)
    tokens = [*names.values(), "<|endoftext|>", *(a + b for a, b in merges)]
    files = {
        "vocab.json": json.dumps({token: i for i, token in enumerate(tokens)}) + "\n",
        "merges.txt": "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges),
    }
    for name, text in files.items():
        if sys.argv[1:] != ["--check"]:
            (folder / name).write_text(text)
        elif (folder / name).read_text() != text:
            sys.exit(f"{folder / name}: not what this script writes")


main()
