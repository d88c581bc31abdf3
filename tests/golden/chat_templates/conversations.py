# SPDX-License-Identifier: MIT
"""Conversations and keyword arguments for whole templates: written ones, which use tools, documents, thinking and
contents of several parts, and random ones.
"""
import itertools

SCHEMA = {"type": "object", "required": ["city"],
          "properties": {"city": {"type": "string", "description": "A city, e.g. \"Zürich\" <b>&</b>"},
                         "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
                         "days": {"type": ["integer", "string"], "minimum": 1},
                         "where": {"type": "object", "properties": {"lat": {"type": "number"}, "tags": {
                             "type": "array", "items": {"type": "string"}}}, "required": ["lat"]}}}
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "The weather.\nIn a city.",
                                            "parameters": SCHEMA, "return": {"type": "string"}}}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "What time it is.",
                                          "parameters": {"type": "object", "properties": {}}}}
DOCUMENTS = [{"doc_id": 1, "title": "Sun", "text": "It shines.", "contents": "It shines."},
             {"doc_id": 2, "title": "Rain", "text": "Wet – très.", "contents": "Wet"}]


def user(content, **more):
    return {"role": "user", "content": content, **more}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


def call(name, arguments, number=1):
    return {"id": f"call{number:05d}", "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(content, number=1):
    return {"role": "tool", "name": "get_weather", "content": content, "tool_call_id": f"call{number:05d}"}


PARTS = [{"type": "text", "text": "Part one. "}, {"type": "image"}, {"type": "text", "text": "Part two."}]
ARGUMENTS = {"city": "Zürich", "days": 2, "where": {"lat": 47.5, "tags": ["a", "b"]}, "exact": True, "note": None}

CONVERSATIONS = [
    [user("Hi")],
    [system("  Be brief.\n"), user("What is 2+2?"), assistant("4"), user("And 3+3?")],
    [user("Weather?"), assistant("", tool_calls=[call("get_weather", ARGUMENTS)]), tool('{"sky": "clear"}'),
     assistant("Clear."), user("Thanks")],
    [system("S"), user("Both?"), assistant("Let me look.", tool_calls=[call("get_weather", {"city": "A"}),
                                                                       call("clock", {}, 2)]),
     tool("sunny"), tool("noon", 2), assistant("Sunny, noon.")],
    [user("One"), assistant("", tool_calls=[call("clock", "{\"a\": 1}")]), tool("12:00"), user("Two")],
    [user("Why?"), assistant("<think>\nBecause of\n\nthis.\n</think>\n\nSo."), user("Really?"),
     assistant("Yes.", reasoning_content="I am\nsure. ")],
    [user("A"), assistant("B", reasoning_content="thought of A"), user("C"),
     assistant("", reasoning_content="call it", tool_calls=[call("clock", {})]), tool("1 pm")],
    [system([{"type": "text", "text": "Listen."}]), user(PARTS), assistant([{"type": "text", "text": "I see."}])],
    [user(""), assistant(""), user(" \n"), assistant("\t x \u00a0")],
    [user("é你🎉 <|im_end|> [INST] </s>"), assistant("{{ not }} {% a %} \\n 'q' \"d\"")],
    [system("only")],
    [user("a"), user("b"), assistant("c"), assistant("d")],
    [user("w"), assistant(None, tool_calls=[call("get_weather", ARGUMENTS)]), tool("x"), assistant("y")],
    [{"role": "developer", "content": "Dev."}, user("q"), {"role": "ipython", "content": "out"}, {"role": "odd", "content": "z"}],
    [user("no tool calls"), assistant("a", tool_calls=[]), user("b", name="Ann")],
    [user("Many"), assistant("t", thinking="hm"), user("x"), {"role": "assistant"}, user("z")],
]

KEYWORDS = [
    {}, {"tools": [WEATHER, CLOCK]}, {"tools": [WEATHER], "enable_thinking": False, "date_string": "01 Jan 2025"},
    {"tools": [], "enable_thinking": True}, {"documents": DOCUMENTS, "thinking": True, "controls": {"length": "long"}},
    {"tools": [CLOCK], "tools_in_user_message": False, "builtin_tools": ["code_interpreter", "search"], "xml_tools": [WEATHER]},
    {"system_message": "from outside", "add_vision_id": True, "preserve_thinking": True, "keep_past_thinking": True,
     "python_tools": [WEATHER], "custom_instructions": "ci", "today": "2030-01-01"},
    {"tools": [WEATHER["function"]], "documents": [], "reasoning_effort": "high", "custom_tools": None},
]

TOKENS = {"bos_token": "<BOS>", "eos_token": "<EOS>", "pad_token": "<PAD>", "unk_token": "<UNK>"}


class Random:
    """A linear congruential generator: the same numbers in every version of Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % count

    def choice(self, items):
        return items[self.below(len(items))]


PIECES = ["word", "Über", "你好", "🎉", " ", "  ", "\n", "\n\n", "\t", "\u00a0", "\u3000", "\u200b", "é", "e\u0301", "<think>", "</think>",
          "<|im_start|>", "{{ x }}", "{% if %}", "#}", "'", "\"", "\\", "&lt;", "0", "-1.5", "\r\n", "\u2028", "İ", "ß", "[/INST]", "\u0007"]


def random_conversation(random):
    messages = []
    for _ in range(1 + random.below(6)):
        in_turn = "user" if not messages or messages[-1]["role"] != "user" else "assistant"
        role = random.choice(["user", "assistant", "system", "tool"]) if random.below(6) == 0 else in_turn
        content = "".join(random.choice(PIECES) for _ in range(random.below(9)))
        message = {"role": role, "content": content}
        if random.below(8) == 0:
            message["reasoning_content"] = "".join(random.choice(PIECES) for _ in range(random.below(5)))
        if role == "assistant" and random.below(6) == 0:
            message["tool_calls"] = [call(random.choice(["f", "g"]), {random.choice(PIECES): random.choice(PIECES)})]
        messages.append(message)
    return messages


def random_conversations(count, seed=20240209):
    random = Random(seed)
    return [random_conversation(random) for _ in range(count)]


def content():
    """What conversations.json has."""
    return {"tokens": TOKENS, "conversations": CONVERSATIONS, "keywords": KEYWORDS, "random": random_conversations(120)}


def all_variables(of):
    """Every written conversation with every keyword arguments, then the random ones without and with; every second one
    with the generation prompt."""
    pairs = list(itertools.product(of["conversations"], of["keywords"]))
    pairs += [(messages, of["keywords"][i % 2]) for i, messages in enumerate(of["random"])]
    for i, (messages, keywords) in enumerate(pairs):
        yield {**of["tokens"], "tools": None, "documents": None, **keywords, "messages": messages,
               "add_generation_prompt": i % 2 == 1}
