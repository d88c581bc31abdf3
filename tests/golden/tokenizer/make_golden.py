#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the golden values of tests/text with the tokenizers library (requirements.txt).

    python make_golden.py DATA_DIR

DATA_DIR holds gpt2/vocab.json, gpt2/merges.txt and hh_harmless_test.jsonl.gz. Written next to this script:

    tiny/vocab.json, tiny/merges.txt   a small vocabulary trained on the hard strings, so that the tests need no DATA_DIR
    hard_strings.json                  for each string: its words, its ids with the tiny and with GPT-2's vocabulary
    character_classes.txt              for every code point: letter (L), numeral (N), white space (S), other (O) or none (X);
                                       one line at the beginning of each run
    hh_digest.txt                      for each preference pair: ids and hash of `chosen`, ids and hash of `rejected`

The hash is FNV-1a, 64 bits, over the ids, each as one unit: h = 0xcbf29ce484222325; for each id:
h = (h XOR id) * 0x100000001b3 modulo 2^64.
"""

import gzip
import json
import pathlib
import random
import sys

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
END = "<|endoftext|>"
WHITE_SPACE = [*range(0x9, 0xE), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
LOOKALIKES = [0x0, 0x8, 0xE, 0x1C, 0x1F, 0x7F, 0xAD, 0x180E, 0x200B, 0x200C, 0x200D, 0x2060, 0x3164, 0xFEFF, 0xFFFD]

PLAIN = [
    "",
    "a",
    " ",
    "  ",
    "Hello, world!",
    " Hello,  world ! ",
    "trailing spaces   ",
    "   leading spaces",
    "two  three   four    spaces     ",
    "line\nline\n\nline\n\n\nline\n",
    "line\r\nline\r\n\r\n  line\r",
    "tab\tbed\t\ttwice\t \t mixed",
    " \n  \n   x",
    "\n\nHuman: how are you?\n\nAssistant: I'm fine.",
    "space before\n newline \n after",
    "I'm you're he's we've they'll she'd can't",
    "I'M YOU'RE HE'S WE'VE THEY'LL SHE'D CAN'T",
    "I\u2019m you\u2019re he\u2019s we\u2019ve they\u2019ll she\u2019d can\u2019t",
    "'s 't 're 've 'm 'll 'd 'S 'x ' '' ''' 'lll 'rex 'sd",
    "rock'n'roll o'clock 'tis y'all'd've",
    "1 12 123 1234 1,234.56 -7 3.14e-10 0x1F 1st 2nd x86 mp3s",
    "\u0661\u0662\u0663 \u0967\u0968\u0969 \u4e00\u4e8c\u4e09 \u2160\u2161\u2162 \u00bd\u00bc \u00b2\u00b3 \u2460\u2461 \u3007 \U0001d7ce\U0001d7cf",
    "a1b2 c3\u0663d \u0663\u00b2x",
    "!?... --- ___ *** ### $$$ %%% ^^^ &&& ((())) [[]] {{}} <> /\\ | ~ ` @ \u00a7\u00b6",
    " !  ?   .    ,",
    "foo_bar fooBar FOO-BAR foo.bar() a+b=c; x->y :: ++i",
    "https://example.org/a?b=c&d=%20#e user@example.org",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002 \u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \ud55c\uad6d\uc5b4 \uff21\uff22\uff23\uff11\uff12\uff13",
    "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440 \u0393\u03b5\u03b9\u03ac \u03c3\u03bf\u03c5 \u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u0928\u092e\u0938\u094d\u0924\u0947",
    "\U0001f600 \U0001f600\U0001f601  \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f44d\U0001f3fd \U0001f1e9\U0001f1ea \u2764\ufe0f 1\ufe0f\u20e3",
    "e\u0301 n\u0303 o\u0308\u0304 a\u0323\u0302 \u0301 \u0301\u0301 x \u0301y Z\u0351\u036b\u0343\u036a\u0302",
    "\u00e9 \u00f1 \u0151 \u1eaf \ufb01 \u01c4 \u00df \u0130 \u0131 \u1e9e \u2126 \u00aa \u00ba \u02b0 \u2071",
    "nul\x00byte \x00 \x00\x00 a\x00",
    "\x01\x02\x1b[31mred\x1b[0m\x7f",
    END,
    END * 3,
    f"text{END}text",
    f"text {END} text",
    f" {END}\n{END}  x",
    f"<{END}> <|endoftext| >{END[:-1]}{END}",
    "<|endoftext <|ENDOFTEXT|> <|endoftext|",
    "\u0120token \u010a \u0100 \u0143 \u0144",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "antidisestablishmentarianismpseudopseudohypoparathyroidismfloccinaucinihilipilification",
    " " * 100,
    " " * 100 + "x",
    "\n" * 70,
    "=" * 99,
    "1" * 77,
    "\U000e0001\U000f0000\U0010ffff \ue000 \ufdd0 \uffff",
]


def hard_strings():
    strings = list(PLAIN)
    for code_point in WHITE_SPACE + LOOKALIKES:
        c = chr(code_point)
        strings.append(f"a{c}b{c}{c}c {c}d{c} e{c}{c}{c}1{c}!{c}")
    # Letters and numerals added in Unicode 15 and 16.
    strings.append("\U00011f02\U00011f04a \U0001e4d0\U0001e4f0 \u1c89\ua7cb x\U00031350 \U00010d40\U00010d4a 1\U000116d0")
    pieces = [chr(c) for c in WHITE_SPACE + LOOKALIKES] + [" "] * 12 + ["\n"] * 4 + list("aZ09!'.-\u00e9\u4e16\u0301\u0663")
    pieces += ["'s", "'ll", "\u2019s", " the", "ing", "\U0001f600", END, "<|endof", "\u0120", "  ", "\r\n"]
    generator = random.Random(20251123)
    strings += ["".join(generator.choices(pieces, k=generator.randint(1, 24))) for _ in range(150)]
    return strings


def gpt2_like(model):
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train_tiny(strings):
    tokenizer = gpt2_like(models.BPE())
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=512, min_frequency=2, initial_alphabet=alphabet, show_progress=False,
                                  special_tokens=[END])
    tokenizer.train_from_iterator(strings + ["the thing is that they think this is the thing"] * 3, trainer)
    tokenizer.model.save(str(HERE / "tiny"))


def open_tokenizer(folder):
    tokenizer = gpt2_like(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    tokenizer.add_special_tokens([END])
    return tokenizer


def words_of(tokenizer, text):
    """The words of the text; the special token is one word."""
    words = []
    for i, piece in enumerate(text.split(END)):
        words += [END] if i else []
        words += [piece[begin:end] for _, (begin, end) in tokenizer.pre_tokenizer.pre_tokenize_str(piece)]
    return words


def class_of(tokenizer, code_point):
    """A character joins the word of a character of its class, and of no other."""
    if 0xD800 <= code_point < 0xE000:
        return "X"
    for first, name in (("a", "L"), ("1", "N"), ("!", "O")):
        if len(tokenizer.pre_tokenizer.pre_tokenize_str(first + chr(code_point))) == 1:
            return name
    return "S"


def hash_of(ids):
    value = 0xCBF29CE484222325
    for token in ids:
        value = (value ^ token) * 0x100000001B3 % 2**64
    return value


def main():
    data = pathlib.Path(sys.argv[1])
    strings = hard_strings()
    train_tiny(strings)
    tiny = open_tokenizer(HERE / "tiny")
    gpt2 = open_tokenizer(data / "gpt2")

    with open(HERE / "hard_strings.json", "w") as file:
        rows = [{"text": text, "words": words_of(gpt2, text), "tiny_ids": tiny.encode(text).ids,
                 "gpt2_ids": gpt2.encode(text).ids} for text in strings]
        file.write("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n")

    with open(HERE / "hh_digest.txt", "w") as file, gzip.open(data / "hh_harmless_test.jsonl.gz", "rt") as pairs:
        for line in pairs:
            pair = json.loads(line)
            ids = [gpt2.encode(pair[side]).ids for side in ("chosen", "rejected")]
            file.write(" ".join(f"{len(side)} {hash_of(side):016x}" for side in ids) + "\n")

    with open(HERE / "character_classes.txt", "w") as file:
        before = None
        for code_point in range(0x110000):
            name = class_of(gpt2, code_point)
            if name != before:
                file.write(f"{code_point:X} {name}\n")
            before = name


if __name__ == "__main__":
    main()
