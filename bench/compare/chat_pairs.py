# SPDX-License-Identifier: MIT
"""Preference pairs as a chat model reads them, as token ids, and answers back as text.

    chat_pairs.py pairs MODEL RECORDS --train train.jsonl --eval eval.jsonl [--held-out 300]
    chat_pairs.py prompts MODEL RECORDS --output prompts.jsonl --lines 800 801 802
    chat_pairs.py decode MODEL RESPONSES

MODEL is a Hugging Face folder with a tokenizer and a chat template. A record of RECORDS is a JSON object with the texts
prompt, chosen and rejected; each becomes a user's message and an assistant's answer, without white space around them.
Ids are those of the whole conversation, cut where the prompt's rendering ends. The last records are held out; records
with equal responses are dropped and counted. `decode` adds the text to what `prefopt generate` wrote.
"""

import argparse
import json
import sys

from transformers import AutoTokenizer


def render(tokenizer, record, response):
    """Ids of the prompt and of a response, from one tokenization of both."""
    user = [{"role": "user", "content": record["prompt"].strip()}]
    answer = [{"role": "assistant", "content": record[response].strip()}]
    prompt = tokenizer.apply_chat_template(user, tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template(user + answer, tokenize=False)
    if not whole.startswith(prompt):
        raise ValueError("the prompt's rendering does not begin that of the conversation")
    prompt_ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    ids = tokenizer(whole, add_special_tokens=False)["input_ids"]
    if ids[: len(prompt_ids)] != prompt_ids:
        raise ValueError("the prompt's tokens do not begin those of the conversation")
    return prompt_ids, ids[len(prompt_ids) :]


def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def records_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def pairs(tokenizer, args):
    records = records_of(args.records)
    cut = len(records) - args.held_out
    for path, part in ((args.train, records[:cut]), (args.eval, records[cut:])):
        lines = []
        for record in part:
            prompt, chosen = render(tokenizer, record, "chosen")
            _, rejected = render(tokenizer, record, "rejected")
            if chosen != rejected:
                lines.append({"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected})
        write(path, lines)
        print(f"{path}: {len(lines)} pairs, {len(part) - len(lines)} dropped for equal responses")


def prompts(tokenizer, args):
    records = records_of(args.records)
    write(args.output, [{"prompt_ids": render(tokenizer, records[i], "chosen")[0]} for i in args.lines])


def decode(tokenizer, args):
    for line in records_of(args.records):
        line["response"] = tokenizer.decode(line["response_ids"], skip_special_tokens=True)
        print(json.dumps(line, ensure_ascii=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pairs", "prompts", "decode"])
    parser.add_argument("model")
    parser.add_argument("records")
    parser.add_argument("--train")
    parser.add_argument("--eval")
    parser.add_argument("--output")
    parser.add_argument("--held-out", type=int, default=300)
    parser.add_argument("--lines", type=int, nargs="*", default=[], help="records, from 0")
    args = parser.parse_args()
    needed = {"pairs": ["train", "eval"], "prompts": ["output"], "decode": []}[args.what]
    for name in needed:
        if getattr(args, name) is None:
            sys.exit(f"{args.what}: --{name} is missing")
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    {"pairs": pairs, "prompts": prompts, "decode": decode}[args.what](tokenizer, args)


if __name__ == "__main__":
    main()
