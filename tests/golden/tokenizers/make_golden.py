#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes parts.json and digests.json with the tokenizers package (0.23.3).

parts.json: what each part of a tokenizer.json does with some texts. digests.json: hashes of the ids that the
tokenizers in $PREFOPT_DATA_DIR/tokenizers give for the preference pairs and for random texts. tests/tokenizers compares.
"""

import gzip
import json
import os
import pathlib
import sys

import tokenizers
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
MASK = (1 << 64) - 1

TEXTS = [
    "", " ", "a", "Hello, world!", "  two  spaces ", "it's he'LL we'ſ", "tab\tand\nline\r\n\r\nend  ", "123 4567 ½Ⅷ٣",
    "a1b22c333", "don't-stop... (now)", "▁under▁lines ▁ ", "ＡＢＣ ﬁ ①²", "é e\u0301 E\u0301\u0323 \u0323\u0301", "한국어 각 각",
    "日本語テキスト。中文！", "İstanbul ΣΑΣ ǅ ẞß", "\u00a0nbsp\u2003em\u180emvs\u200bzw", "emoji 👩‍👩‍👧 🇩🇪", "x__y snake_case ⁀",
    "$+<=>^`|~ « » ¿¡", "Ĝ Ġ ã", "xyxyxy aaa aaaa", "\u0958\u09cb \u0b94 \u1e9b\u0323", "a\u0334\u0301b\u0301\u0334",
    "\U00011935\U00011930 \u32ff \U0001f16c", "end<s>mid</s> <s> <sep> x<sep>y  <pad>  word wordy sword", "\ufeffbom \ufffd",
    "Case <TAG> <tag> <Tag>", "\U0001e030\U00016d40\U00010d40 \U0001faea", "one\u2028two\u2029three\x85four\x0bfive\x1cfs"]

NORMALIZERS = [
    {"type": "NFC"}, {"type": "NFD"}, {"type": "NFKC"}, {"type": "NFKD"}, {"type": "Lowercase"},
    {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
    {"type": "Replace", "pattern": {"String": "."}, "content": "$1"},
    {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
    {"type": "Replace", "pattern": {"Regex": "x*"}, "content": "-"},
    {"type": "Replace", "pattern": {"Regex": "(?i)[a-e]+|\\p{N}"}, "content": ""},
    {"type": "Strip", "strip_left": True, "strip_right": True},
    {"type": "Strip", "strip_left": True, "strip_right": False},
    {"type": "Strip", "strip_left": False, "strip_right": True},
    {"type": "Sequence", "normalizers": []},
    {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"},
                                         {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}]

BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
EXPRESSIONS = [
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*",
    "[一-龥぀-ゟ゠-ヿ]+", "\\w+|\\W", "\\d|\\h", "[^\\P{L}\\S]|[\\P{N}a]", "\\p{^L}+", "^.|.$", "(?m)a.b|(?<=a)b|(?<!x)y", "\\bw|e\\B",
    "\\p{Han}+|\\p{Hiragana}|\\p{Katakana}+|\\p{Hangul}", "x{2}|a{,2}|x{1,}?y", "(?>a+)a|(?:x|(y))+", "\\x61|\\x{e9}|\\u0301|[\\x{300}-\\x{36f}]",
    "\\p{P}|\\p{S}|\\p{Z}|\\p{M}", "a*", "\\A\\s|\\s\\z", "[]a-]+|[a\\-z]", "{|}|a{x"]


def pre_tokenizers():
    parts = []
    for behavior in BEHAVIORS:
        for invert in (False, True):
            parts.append({"type": "Split", "pattern": {"Regex": "\\s+|[0-9]"}, "behavior": behavior, "invert": invert})
        parts.append({"type": "Split", "pattern": {"String": " "}, "behavior": behavior, "invert": False})
        parts.append({"type": "Punctuation", "behavior": behavior})
    for expression in EXPRESSIONS:
        parts.append({"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": False})
    for individual in (False, True):
        parts.append({"type": "Digits", "individual_digits": individual})
    for space in (False, True):
        for regex in (False, True):
            parts.append({"type": "ByteLevel", "add_prefix_space": space, "trim_offsets": True, "use_regex": regex})
    for scheme in ("always", "first", "never"):
        for split in (False, True):
            parts.append({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split})
    parts.append({"type": "Metaspace", "replacement": "_", "add_prefix_space": True})
    parts.append({"type": "Metaspace", "replacement": "_", "add_prefix_space": False, "prepend_scheme": "never"})
    parts += [{"type": "Whitespace"}, {"type": "WhitespaceSplit"}]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}
    for parts_in in ([digits, byte_level], [{"type": "Punctuation", "behavior": "Contiguous"}, byte_level, digits],
                     [{"type": "WhitespaceSplit"}, metaspace], [digits, metaspace], [metaspace, digits], []):
        parts.append({"type": "Sequence", "pretokenizers": parts_in})
    return parts


TOKENS = [["▁Hello", "▁wor", "ld", "!"], ["▁", "▁▁a", "b▁"], ["<0xE4>", "<0xBD>", "<0xA0>", "x", "<0xFF>", "<0xe4>"], ["  a ", " ", "", "b  "],
          ["Ġa", "Ã©", "Ã", "日", "<s>"], ["<0x0>", "<0xGG>", "<0x41>", "<0x411>"], []]
REPLACE = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
DECODERS = [
    None, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}, REPLACE,
    {"type": "Replace", "pattern": {"Regex": "[a-f]+"}, "content": "#"}, {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True},
    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": True},
    {"type": "Sequence", "decoders": [REPLACE, {"type": "ByteFallback"}, {"type": "Fuse"},
                                      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    {"type": "Sequence", "decoders": [REPLACE, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 2, "stop": 1}]},
    {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never",
                                                                 "split": True}]}]


def model(vocab, merges=(), **options):
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, **options, "vocab": vocab, "merges": list(merges)}


def file(**parts):
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
             "post_processor": None, "decoder": None, "model": model({"a": 0})}
    whole.update(parts)
    return whole


def added(id, content, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **flags}


def ids_of(tokens):
    return {token: id for id, token in enumerate(tokens)}


def whole_files():
    """Tokenizers of some characters: the model's options, added tokens, templates."""
    letters = ["<unk>", "▁", "a", "b", "c", "d", "e", "w", "o", "r", "x", "y", "s", "é", "ab", "bc", "abc", "▁a", "word", "wo", "rd", "xy", "xyxy"]
    merges = ["a b", "b c", "ab c", "▁ a", "w o", "r d", "wo rd", "x y", "xy xy"]
    byte_tokens = ["<0x%02X>" % byte for byte in range(256)]
    some_bytes = ["<0x%02X>" % byte for byte in range(128)]
    plain = ids_of(letters)
    with_bytes = ids_of(letters + byte_tokens)
    files = {}
    for fuse in (False, True):
        files["unknown, fuse_unk %s" % fuse] = file(model=model(plain, merges, unk_token="<unk>", fuse_unk=fuse))
        files["bytes, fuse_unk %s" % fuse] = file(model=model(with_bytes, merges, unk_token="<unk>", fuse_unk=fuse, byte_fallback=True))
        files["half of the bytes, fuse_unk %s" % fuse] = file(
            model=model(ids_of(letters + some_bytes), merges, unk_token="<unk>", fuse_unk=fuse, byte_fallback=True))
    pairs = [merge.split(" ") for merge in merges]
    common = dict(unk_token="<unk>", byte_fallback=True)
    files["merges as lists"] = file(model=model(with_bytes, pairs, **common))
    other_way = ["b c", "a b", "ab c", "x y", "xy xy"]  # abc is a token that merging does not reach
    files["ignore_merges false"] = file(pre_tokenizer={"type": "WhitespaceSplit"}, model=model(with_bytes, other_way, **common))
    files["ignore_merges true"] = file(pre_tokenizer={"type": "WhitespaceSplit"},
                                       model=model(with_bytes, other_way, ignore_merges=True, **common))
    base = len(with_bytes)
    for flag in ("single_word", "lstrip", "rstrip"):
        for normalized in (False, True):
            tokens = [added(base + i, content, normalized=normalized, special=i < 3, **{flag: True})
                      for i, content in enumerate(["<s>", "</s>", "<sep>", "<pad>", "<tag>", "ae"])]
            files["%s, normalized %s" % (flag, normalized)] = file(added_tokens=tokens, model=model(with_bytes, merges, **common))
    legacy = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                                                  {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
    spaces = {"type": "Sequence", "decoders": [REPLACE, {"type": "ByteFallback"}, {"type": "Fuse"},
                                               {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    for normalized in (False, True):
        tokens = [added(base, "<s>", normalized=normalized), added(base + 1, "<s><s>", normalized=not normalized, special=False),
                  added(base + 2, "<TAG>", normalized=normalized), added(base + 3, "wordy", normalized=True, special=False)]
        for name, normalizer in (("legacy", legacy), ("lower", {"type": "Lowercase"})):
            files["%s, normalized %s" % (name, normalized)] = file(added_tokens=tokens, normalizer=normalizer, decoder=spaces,
                                                                    model=model(with_bytes, merges, **common))
        for scheme in ("first", "always"):
            files["metaspace %s, normalized %s" % (scheme, normalized)] = file(
                added_tokens=tokens, decoder=spaces, model=model(with_bytes, merges, **common),
                pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": False})
    bos = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {"<s>": {"id": "<s>", "ids": [base], "tokens": ["<s>"]}}}
    eos = {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "E", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {"E": {"id": "E", "ids": [1, 2], "tokens": ["▁", "a"]}}}
    for name, processor in (("bos", bos), ("eos", eos), ("in a sequence", {"type": "Sequence", "processors": [
            {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}, bos]})):
        files["template " + name] = file(added_tokens=[added(base, "<s>")], post_processor=processor, model=model(with_bytes, merges, **common))
    return files


def fnv(value, ids):
    for id in ids:
        value = ((value ^ id) * 0x100000001B3) & MASK
    return value


class RandomNumbers:
    """The generator of tests/tokenizers/random_texts.hpp."""

    def __init__(self, seed):
        self.state = seed * 2 + 1

    def below(self, bound):
        s = self.state
        s ^= s >> 12
        s ^= (s << 25) & MASK
        s ^= s >> 27
        self.state = s
        return ((s * 0x2545F4914F6CDD1D & MASK) >> 33) % bound


# As random_characters() in random_texts.hpp: [first, last] of a kind, equally likely.
KINDS = [(0x20, 0x7E), (0x20, 0x20), (0x9, 0xD), (0x30, 0x39), (0x41, 0x7A), (0xA0, 0x17F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF),
         (0x700, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x1FFF), (0x2000, 0x2BFF), (0x2C00, 0x33FF), (0x3400, 0x9FFF), (0xA000, 0xD7FF),
         (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x323AF), (0, 0x10FFFF)]


def random_text(numbers):
    text = []
    for _ in range(1 + numbers.below(63)):
        first, last = KINDS[numbers.below(len(KINDS))]
        code = first + numbers.below(last - first + 1)
        text.append(chr(0x2581 if 0xD800 <= code < 0xE000 else code))
    return "".join(text)


def random_texts(seed, code_points):
    numbers = RandomNumbers(seed)
    texts, count = [], 0
    while count < code_points:
        texts.append(random_text(numbers))
        count += len(texts[-1])
    return texts


UNKNOWN = [0xFFFFFFFE]  # the library drops characters without a token, prefopt refuses the text


def missing_bytes(tokenizer):
    """The bytes for which a byte-level vocabulary has no token."""
    whole = json.loads(tokenizer.to_str())
    if whole["model"]["byte_fallback"]:
        return set()
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    symbols = {byte: chr(byte) for byte in plain}
    for byte in range(256):
        if byte not in symbols:
            symbols[byte] = chr(0x100 + len(symbols) - len(plain))
    return {byte for byte, symbol in symbols.items() if symbol not in whole["model"]["vocab"]}


def digests(tokenizer, texts, chunk):
    """A hash of all ids for each run of `chunk` texts, in hexadecimal; the end of a text counts as an id."""
    missing = missing_bytes(tokenizer)
    print("no token for the bytes", sorted(missing), file=sys.stderr)
    out = []
    for begin in range(0, len(texts), chunk):
        value = 0xCBF29CE484222325
        run = texts[begin:begin + chunk]
        for text, encoding in zip(run, tokenizer.encode_batch(run, add_special_tokens=False)):
            ids = encoding.ids if missing.isdisjoint(text.encode()) else UNKNOWN
            value = fnv(value, ids + [0xFFFFFFFF])
        out.append("%016x" % value)
    return out


def write(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=True, indent=0, separators=(",", ":")) + "\n")


def main():
    assert tokenizers.__version__ == "0.23.3"
    load = lambda whole: Tokenizer.from_str(json.dumps(whole))
    parts = {"texts": TEXTS, "tokens": TOKENS, "normalizers": [], "pre_tokenizers": [], "decoders": [], "files": []}
    for part in NORMALIZERS:
        parts["normalizers"].append({"part": part, "out": [load(file(normalizer=part)).normalizer.normalize_str(text) for text in TEXTS]})
    for part in pre_tokenizers():
        pre = load(file(pre_tokenizer=part)).pre_tokenizer
        parts["pre_tokenizers"].append({"part": part, "out": [[word for word, _ in pre.pre_tokenize_str(text)] for text in TEXTS]})
    for part in DECODERS:
        decode = (lambda tokens: " ".join(tokens)) if part is None else load(file(decoder=part)).decoder.decode
        out = []
        for tokens in TOKENS:
            try:
                out.append(decode(tokens))
            except BaseException:  # Strip fails on a token that is shorter than `stop`
                out.append(None)
        parts["decoders"].append({"part": part, "out": out})
    for name, whole in whole_files().items():
        tokenizer = load(whole)
        out = []
        for text in TEXTS:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            out.append({"ids": ids, "ids_with_special": tokenizer.encode(text).ids,
                        "decoded": tokenizer.decode(ids, skip_special_tokens=False)})
        parts["files"].append({"name": name, "file": whole, "out": out})
    write("parts.json", parts)

    data = pathlib.Path(os.environ["PREFOPT_DATA_DIR"])
    with gzip.open(data / "hh_harmless_test.jsonl.gz", "rt", encoding="utf-8") as lines:
        pairs = [text for line in lines for row in [json.loads(line)] for text in (row["chosen"], row["rejected"])]
    random = random_texts(17, 1_000_000)
    result = {"texts": {"pairs": len(pairs), "random": len(random)}, "digests": {}}
    for folder in sorted((data / "tokenizers").iterdir()):
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        result["digests"][folder.name] = {"pairs": digests(tokenizer, pairs, 128), "random": digests(tokenizer, random, 1024)}
        print(folder.name, file=sys.stderr)
    write("digests.json", result)


if __name__ == "__main__":
    main()
