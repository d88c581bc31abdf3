#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make_golden.py [TEMPLATES]: renders with jinja2, in transformers' environment, what the C++ tests render.

Writes next to itself
  snippets.json       the small templates of snippets.py with their texts or errors
  conversations.json  the conversations of conversations.py
  real.json           hashes of what each template in the folder TEMPLATES (chat_templates in the real data) makes of them

Needs transformers and jinja2 (requirements.txt). The clock is fixed at midnight of DATE.
"""
import datetime
import json
import pathlib
import sys

import conversations
import snippets
from transformers.utils import chat_template_utils

HERE = pathlib.Path(__file__).parent
DATE = datetime.datetime(2024, 2, 9)


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(DATE.year, DATE.month, DATE.day)


chat_template_utils.datetime = FixedClock


def outcome(template, variables):
    """The text and the ranges that the template marks as generated; or the error, its reason, and whether the template
    was refused before it was rendered, with the line.
    """
    try:
        compiled = chat_template_utils._compile_jinja_template(template)
    except Exception as cause:
        return {"refused": type(cause).__name__, "line": getattr(cause, "lineno", 1)}
    try:
        blocks, ranges = [], []
        with compiled.environment.activate_tracker(blocks, ranges):
            for block in compiled.generate(**variables):
                blocks.append(block)
        text = "".join(blocks)
        result = {"text": text}
        text.encode()
        if ranges:
            result["generated"] = [[len(text[:begin].encode()), len(text[:end].encode())] for begin, end in ranges]
        return result
    except RecursionError:  # Python's wording depends on where it happens
        return {"error": "RecursionError", "reason": "recursion"}
    except Exception as cause:  # whatever Python raises is the expected error
        return {"error": type(cause).__name__, "reason": str(cause)}


def fnv(text):
    """FNV-1a of the UTF-8 bytes."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def write_snippets():
    rows = []
    for template in snippets.templates():
        variables = json.loads(json.dumps(snippets.VARIABLES))
        rows.append({"template": template, **outcome(template, variables)})
        if template in snippets.LOOSE.split("\n"):
            del rows[-1]["reason"]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    text = '{"variables": ' + json.dumps(snippets.VARIABLES) + ',\n"date": "' + DATE.strftime("%Y-%m-%d")
    (HERE / "snippets.json").write_text(text + '",\n"cases": [\n' + lines + "\n]}\n")
    print(len(rows), "snippets:", sum("text" in row for row in rows), "texts,", sum("error" in row for row in rows),
          "errors,", sum("refused" in row for row in rows), "refused")


def write_real(folder):
    """A line for each template: a hash for each conversation, of the text, or behind ! of the error's reason."""
    of = conversations.content()
    lines = [f"{json.dumps(key)}: [\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in value) + "\n]"
             if isinstance(value, list) else f"{json.dumps(key)}: {json.dumps(value)}" for key, value in of.items()]
    (HERE / "conversations.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    lines = []
    for path in sorted(pathlib.Path(folder).glob("*.jinja")):
        template = path.read_text()
        results = []
        for variables in conversations.all_variables(of):
            one = outcome(template, json.loads(json.dumps(variables)))
            results.append("!" + fnv(one["reason"]) if "error" in one else fnv(one["text"]))
        lines.append(f"{json.dumps(path.stem)}: \"{' '.join(results)}\"")
        print(f"{path.stem}: {len(results)} renderings, {sum(r[0] == '!' for r in results)} of them errors")
    (HERE / "real.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    write_snippets()
    if len(sys.argv) > 1:
        write_real(sys.argv[1])
