#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make_seeds.py FOLDER: writes the first inputs of each fuzz target into FOLDER/TARGET/: small, typical files.

Fuzzing of a new target starts from them; run.sh mixes them with the kept inputs, corpus/TARGET.
"""
import json
import pathlib
import struct
import sys

PART = b"\x1e"  # ends a part; see support.hpp


def safetensors(tensors, metadata=None, kind="F32"):
    """The bytes of a file; tensors maps a name to (shape, numbers)."""
    code, width = {"F32": ("f", 4), "F64": ("d", 8), "F16": ("e", 2)}[kind]
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name in sorted(tensors):
        shape, numbers = tensors[name]
        begin = len(data)
        data += struct.pack(f"<{len(numbers)}{code}", *numbers)
        assert len(data) - begin == len(numbers) * width
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def text(value):
    return json.dumps(value, ensure_ascii=False).encode()


def lines(*objects):
    return b"".join(text(one) + b"\n" for one in objects)


def seeds_of_safetensors():
    yield safetensors({"a": ([2, 2], [1, 2, 3, 4]), "b": ([], [0.5])}, {"format": "pt"})
    yield safetensors({"half": ([3], [1, -2, 0.25])}, kind="F16")
    yield safetensors({"empty": ([0, 7], []), "wide": ([1], [1e300])}, kind="F64")
    bits = struct.pack("<Q", 64) + b'{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'.ljust(64) + b"\x80\x3f\x00\xc0"
    yield bits
    yield bits.replace(b"BF16", b"I32 ").replace(b'"I32 "', b'"I32" ').replace(b"[2]", b"[1]")


def seeds_of_shards():
    yield text({"metadata": {"total_size": 64}, "weight_map": {"t1": "a", "wte.weight": "a", "t3": "b"}})
    yield text({"weight_map": {"t3": "b"}})
    yield text({"weight_map": {"t1": "a", "t3": "c"}})
    yield text({"weight_map": {"t1": "../a"}})


def seeds_of_json_lines():
    pair = {"prompt": "2+2=", "chosen": "4", "rejected": "5"}
    yield b"0" + lines(pair, {"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"})
    yield b"1" + lines({"prompt_ids": [1, 2], "chosen_ids": [3], "rejected_ids": [4, 5]})
    yield b"3" + lines({"prompt": "a", "responses": ["x", "y", "z"], "scores": [1, 0.5, -2]}, {"prompt": "a", "responses": ["x", "y"], "ranks": [2, 1]})
    yield b"3" + lines({"prompt": "a", "completion": "b", "label": True}, {"prompt_ids": [], "completion_ids": [7], "label": False})
    user, good, bad = ({"role": role, "content": said} for role, said in (("user", "Hi"), ("assistant", "Hello"), ("assistant", "Go")))
    yield b"1" + lines({"prompt": [user], "chosen": [good], "rejected": [bad]}, {"chosen": [user, good], "rejected": [user, bad]})
    yield b"0" + b"\xef\xbb\xbf" + lines(pair).replace(b"\n", b"\r\n")
    yield b"0[" + text(pair) + b",\n " + text(pair) + b"]\n"
    yield b"0" + text([pair])
    yield b"0" + lines({"prompt": "a", "chosen": [user, good], "rejected": [user, bad], "messages": [user], "score_chosen": 1})
    human, gpt, call, seen = ({"from": who, "value": said} for who, said in (
        ("human", "Hi"), ("gpt", "Hello"), ("function_call", '{"name": "f", "arguments": {"x": 1}}'), ("observation", "3")))
    yield b"0" + lines({"instruction": "Add.", "input": "1 2", "system": "Be brief.", "history": [["Hi", "Hello"]], "chosen": "3", "rejected": "4"})
    yield b"0" + lines({"instruction": "Add.", "output": "3", "kto_tag": True}, {"conversations": [human, gpt], "label": False})
    yield b"0" + lines({"conversations": [human, call, seen], "tools": '[{"name": "f"}]', "system": "Be brief.", "chosen": gpt, "rejected": [gpt]})
    yield b"4" + lines({"question": "2+2=", "chosen": "4", "rejected": "5"}, {"prompt": "Add.", "chosen": "4", "rejected": "5"})
    yield b"0\x1f\x8b\x08\x00"
    yield b"0\xff\xfe{\x00}\x00"


def seeds_of_tokenizer():
    def parts(mode, *all_parts):
        return mode.encode() + PART.join(all_parts)

    vocab = {"a": 0, "b": 1, "ab": 2, "Ġ": 3, "Ġa": 4, "<|endoftext|>": 5}
    merges = b"#version: 0.2\na b\n\xc4\xa0 a\n"
    added = [{"id": 5, "content": "<|endoftext|>", "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}]
    yield parts("0", text(vocab), merges, b"", b"", b"", b"ab a<|endoftext|>b")
    yield parts("@", text({"ab": 300}), b"a b\n", b"", b"", b"", "ab é 日本 \u2028  don't 12".encode())
    yield parts("1", text({"version": "1.0", "added_tokens": added, "model": {"type": "BPE", "vocab": vocab, "merges": ["a b", ["Ġ", "a"]]}}), b"", b"", b"", b"", b"ab a")
    yield parts("^", text({"zz": 290}), b"z z\n", text({"eos_token": "<|im_end|>", "added_tokens_decoder": {"291": {"content": "<|im_end|>", "special": True}}}),
                text({"eos_token": {"content": "<|im_end|>"}, "pad_token": "<|pad|>"}), text({"<|pad|>": 292}), b"zz<|im_end|>z<|pad|>")


def seeds_of_tokenizer_json():
    def parts(mode, normalizer=None, pre=None, post=None, decoder=None, added=None, options=b"", words=b"ab a"):
        values = [b"" if part is None else text(part) for part in (normalizer, pre, post, decoder, added)]
        return mode.encode() + PART.join([*values, options, words])

    def sequence(key, *of):
        return {"type": "Sequence", key: list(of)}

    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated", "invert": False}
    replace = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    spaces = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    bos = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "s", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
           "special_tokens": {"s": {"id": "s", "ids": [262], "tokens": ["<unk>"]}}}
    flags = [{"id": 700, "content": "<s>", "single_word": True, "lstrip": True, "rstrip": True, "normalized": True, "special": True}]
    words = "ab a<s> é\u0301 日本 x 12 ▁".encode()
    fallback = b'"byte_fallback":true,"fuse_unk":true,"unk_token":"<unk>"'
    yield parts("1", {"type": "NFC"}, sequence("pretokenizers", split, byte_level), sequence("processors", byte_level, bos), byte_level, flags, words=words)
    yield parts("0", sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, spaces), None, bos,
                sequence("decoders", replace, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}),
                flags, fallback, words)
    yield parts("0", {"type": "NFKD"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}, None,
                {"type": "Metaspace", "replacement": "▁"}, None, fallback, words)
    yield parts("1", sequence("normalizers", {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "Lowercase"}),
                sequence("pretokenizers", {"type": "Digits", "individual_digits": False}, {"type": "Punctuation", "behavior": "Contiguous"}, byte_level), options=b'"ignore_merges":true', words=words)
    yield parts("0", {"type": "Replace", "pattern": {"Regex": "[a-c\\p{^Lu}]{2,}?|\\bx"}, "content": ""}, sequence("pretokenizers", {"type": "Whitespace"}, {"type": "WhitespaceSplit"}), options=fallback, words=words)


def config(**more):
    return {"model_type": "gpt2", "n_layer": 1, "n_head": 1, "n_embd": 2, "vocab_size": 2, "n_positions": 2} | more


def seeds_of_config():
    yield text(config())
    yield text(config(n_inner=8, activation_function="gelu", layer_norm_epsilon=1e-6, tie_word_embeddings=False, architectures=["GPT2LMHeadModel"], torch_dtype="float16"))
    yield text(config(id2label={"0": "LABEL_0"}, label2id={"LABEL_0": 0}, num_labels=1, pad_token_id=1, dtype="bfloat16", task_specific_params=None))
    yield text(config(model_type="llama", scale_attn_by_inverse_layer_idx=True))
    yield text(config(n_ctx=2, eos_token_id=[1], bos_token_id=None, quantization_config={}))


def weights(prefix="", head=False):
    shapes = {"wte.weight": [2, 2], "wpe.weight": [2, 2], "ln_f.weight": [2], "ln_f.bias": [2]}
    for part, weight in (("attn.c_attn", [2, 6]), ("attn.c_proj", [2, 2]), ("mlp.c_fc", [2, 8]), ("mlp.c_proj", [8, 2])):
        shapes[f"h.0.{part}.weight"], shapes[f"h.0.{part}.bias"] = weight, weight[1:]
    for norm in ("ln_1", "ln_2"):
        shapes[f"h.0.{norm}.weight"] = shapes[f"h.0.{norm}.bias"] = [2]
    shapes = {prefix + name: shape for name, shape in shapes.items()}
    if head:
        shapes["score.weight"] = [1, 2]
    return {name: (shape, [0.5] * (shape[0] * (shape[1] if len(shape) > 1 else 1))) for name, shape in shapes.items()}


def seeds_of_model_folder():
    yield b"0" + text(config()) + PART + safetensors(weights())
    yield b"0" + text(config()) + PART + safetensors(weights("transformer."), {"format": "pt"}, "F16")
    yield b"0" + text(config(num_labels=1)) + PART + safetensors(weights("transformer.", head=True))
    tied = weights("transformer.") | {"lm_head.weight": ([2, 2], [0.5] * 4)}
    yield b"0" + text(config(tie_word_embeddings=False)) + PART + safetensors(tied)


def seeds_of_training_state():
    def both(state, moments):
        return b"0" + text(state) + PART + safetensors(moments, {"format": "pt"}, "F64")

    moments = {f"logits.{name}": ([2, 2], [0.5, 0, 1e-3, 2]) for name in ("exp_avg", "exp_avg_sq")}
    carried = {"loss_state": [3, 0.5, 0.1, 3, 0, 1, 3]}  # of two terms: the first one's length, then both
    yield both({"step": 0, "num_tokens": 0, "settings": {}}, moments)
    yield both({"step": 3, "num_tokens": 90, "settings": {"--loss": "dpo"}} | carried, moments)
    yield both({"step": 9, "num_tokens": 90, "settings": {}} | carried, moments)
    yield both({"step": 2, "num_tokens": 2**63 - 1, "settings": {}} | carried, moments)
    yield both({"step": 2, "num_tokens": 9, "settings": {}} | carried, moments | {"logits.exp_avg_sq": ([2, 2], [-1, -1, -1, -1])})


def seeds_of_reference_cache():
    def cache(values, **more):
        tensors = {"examples": [0, 0], "responses": [0, 1], "counts": [1, 2], "hashes_high": [1, 2], "hashes_low": [3, 4], "values": values}
        return safetensors({name: ([len(numbers)], numbers) for name, numbers in (tensors | more).items()},
                           {"format": "pt", "prefopt_reference_key": "0123456789abcdef0123456789abcdef"}, "F64")

    yield cache([-1, -0.5, -2])
    yield cache([-1], counts=[1, 0])
    yield cache([-1, -2], responses=[0, 0])


def seeds_of_chat_template():
    # what the tests render, a few of each construct in one input
    golden = pathlib.Path(__file__).resolve().parent.parent / "tests/golden/chat_templates"
    cases = json.loads((golden / "snippets.json").read_text())["cases"]
    templates = [case["template"] for case in cases if "text" in case]
    for start in range(0, len(templates), 12):
        yield b"0" + "\n".join(templates[start:start + 12]).encode()
    for template in [case["template"] for case in cases if "text" not in case][::9]:
        yield b"0" + template.encode()
    chat = "{% for m in messages %}<|{{ m.role }}|>{% generation %}{{ m['content'] | trim }}{% endgeneration %}{% endfor %}"
    yield b"1" + chat.encode() + PART + text({"messages": [{"role": "user", "content": "Hi"}]})
    yield b"1{{ d | tojson(indent=2) }}{{ d }}{% for k, v in d | dictsort %}{{ k }}{{ v }}{% endfor %}" + PART + text({"d": {"b": [1, 2.5, None], "a": "\u00e9"}})


def seeds_of_json_log():
    steps = [{"step": step, "loss": 0.5, "learning_rate": 1e-6} for step in (1, 2, 3)]
    yield b"2" + lines(*steps)
    yield b"1" + lines(*steps)[:-9]
    yield b"1" + lines(*steps) + b"null\n"


def seeds_of_command_line():
    def arguments(*all_arguments):
        return "\n".join(all_arguments).encode()

    least = ("--model", "m", "--train", "t", "--output", "o")
    yield arguments("--help")
    yield arguments(*least)
    yield arguments(*least, "--loss", "dpo:0.8,sft:1", "--beta", "0.2", "--learning-rate", "1e-5", "--max-steps", "10", "--seed", "1")
    yield arguments(*least, "--loss", "kto", "--desirable-weight", "1.5", "--eval", "e", "--eval-every", "5", "--save-every=5", "--resume")
    yield arguments(*least, "--sync-ref-model", "--ref-model-mixup-alpha", "0.5", "--ref-model-sync-steps", "2", "--precision", "bf16", "--threads", "2")
    yield arguments(*least, "--f-divergence-type", "alpha_divergence", "--f-alpha-divergence-coef", "0.3", "--use-weighting", "--no-shuffle", "--truncation", "keep_end")
    yield arguments("--model-name-or-path", "m", "--train", "t", "--output-dir", "o", "--num-train-epochs", "2", "--batch-size", "4", "--max-length", "8")


def main(folder):
    for name, seeds in list(globals().items()):
        if not name.startswith("seeds_of_"):
            continue
        place = pathlib.Path(folder) / name.removeprefix("seeds_of_")
        place.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            (place / f"seed_{number}").write_bytes(seed)


if __name__ == "__main__":
    main(sys.argv[1])
