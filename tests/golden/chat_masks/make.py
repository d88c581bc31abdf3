#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which tokens of dialogues transformers takes for the assistant's: writes masks.json beside this script.

    make.py DATA

DATA is the folder that PREFOPT_DATA_DIR names. Records 3i, 3i + 1 and 3i + 2 of instruction_preferences.jsonl become a
pair of dialogues: the first prompt; then its answer, the next prompt and its answer, and, for every second pair, the
third prompt and its answer, all without white space around them (the tokenizers library trims white space from
tokens' offsets, so that a token of a newline and a space belongs to no text that begins with the space). The masks are those of apply_chat_template(return_assistant_tokens_mask=True), for which a
template must mark the assistant's words. "marked" is marked.jinja beside this script; the other templates are not
marked, and a variant of each that is, and that renders these dialogues alike, stands in for them. The file has one
FNV-1a hash (64 bits, hex) for each pair, over the little-endian 32-bit ids of the prompt, -1, of the chosen response up
to its last target, with -2 before each token that is no target, -1, and of the rejected one; and the number of targets.
Written with trl 1.16.0, transformers 5.24.0 and tokenizers 0.23.3.
"""

import argparse
import json
import pathlib
import re

from transformers import PreTrainedTokenizerFast
from trl import chat_template_utils

PAIRS = 60

# What opens and what closes a message in a template that prints all messages by one expression, and the message's
# content there; or the name of TRL's variant.
CHATML = ("'<|im_start|>' + message.role + '\\n'", "message.content + '<|im_end|>' + '\\n'")
SMOLLM = ("'<|im_start|>' + message['role'] + '\n'", "message['content'] + '<|im_end|>' + '\n'")
LLAMA = (
    "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'",
    "message['content'] | trim + '<|eot_id|>'",
)

# tokenizer, template, the special tokens that the template reads, and what marks the assistant's words
MODELS = {
    "smollm2": ("HuggingFaceTB-SmolLM2", {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}, SMOLLM),
    "smollm2-marked": ("marked", {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}, None),
    "qwen2": ("Qwen-Qwen2.5-7B-Instruct", {"eos_token": "<|im_end|>"}, CHATML),
    "llama3": (
        "meta-llama-Llama-3.1-8B-Instruct",
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
        LLAMA,
    ),
    "llama3-marked": ("marked", {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}, None),
    "phi3": ("microsoft-Phi-3.5-mini-instruct", {"eos_token": "<|endoftext|>"}, "phi3_5_training_chat_template"),
}


def with_marks(template, what):
    if what is None:
        return template
    if isinstance(what, str):
        return getattr(chat_template_utils, what)
    opening, rest = what
    at = re.search(re.escape(opening) + r"\s*\+\s*" + re.escape(rest), template)
    begin, end = template.rindex("{{", 0, at.start()), template.index("}}", at.end()) + 2
    marked = (
        "{%- if message.role == 'assistant' -%}{{- OPENING -}}{%- generation -%}{{- REST -}}{%- endgeneration -%}"
        "{%- else -%}{{- OPENING + REST -}}{%- endif -%}"
    )
    return template[:begin] + marked.replace("OPENING", opening).replace("REST", rest) + template[end:]


def fnv1a(ids):
    value = 0xCBF29CE484222325
    for byte in b"".join((i & 0xFFFFFFFF).to_bytes(4, "little") for i in ids):
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def dialogue_pairs(path):
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[: 3 * PAIRS]]
    records = [{key: text.strip(" \t\r\n") for key, text in record.items()} for record in records]
    for i in range(PAIRS):
        some = records[3 * i : 3 * i + (3 if i % 2 == 1 else 2)]
        prompt = [{"role": "user", "content": some[0]["prompt"]}]
        answers = {}
        for key in ("chosen", "rejected"):
            messages = [{"role": "assistant", "content": some[0][key]}]
            for record in some[1:]:
                messages.append({"role": "user", "content": record["prompt"]})
                messages.append({"role": "assistant", "content": record[key]})
            answers[key] = messages
        yield prompt, answers


def common(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    data = parser.parse_args().data
    result = {}
    for name, (template, special, marks) in MODELS.items():
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(data / "tokenizers" / name.split("-")[0] / "tokenizer.json"), **special
        )
        folder = pathlib.Path(__file__).parent if template == "marked" else data / "chat_templates"
        plain = (folder / f"{template}.jinja").read_text(encoding="utf-8")
        marked = with_marks(plain, marks)
        digests, targets = [], 0
        for prompt, answers in dialogue_pairs(data / "instruction_preferences.jsonl"):
            asked = tokenizer.apply_chat_template(
                prompt, chat_template=plain, add_generation_prompt=True, tokenize=True, return_dict=True
            )["input_ids"]
            made = []
            for messages in answers.values():
                texts = [
                    tokenizer.apply_chat_template(prompt + messages, chat_template=one, tokenize=False)
                    for one in (plain, marked)
                ]
                assert texts[0] == texts[1], (name, texts)
                whole = tokenizer.apply_chat_template(
                    prompt + messages,
                    chat_template=marked,
                    tokenize=True,
                    return_dict=True,
                    return_assistant_tokens_mask=True,
                )
                made.append((whole["input_ids"], whole["assistant_masks"]))
            boundary = min(common(asked, ids) for ids, mask in made)
            hashed = asked[:boundary]
            for ids, mask in made:
                assert not any(mask[:boundary]), (name, asked, boundary, list(zip(ids, mask))[: boundary + 4])
                end = max(i for i, is_target in enumerate(mask) if is_target) + 1
                hashed.append(-1)
                for i in range(boundary, end):
                    hashed += [ids[i]] if mask[i] else [-2, ids[i]]
                targets += sum(mask)
            digests.append(fnv1a(hashed))
        result[name] = {"template": template, "variables": special, "targets": targets, "digests": digests}
    path = pathlib.Path(__file__).with_name("masks.json")
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
