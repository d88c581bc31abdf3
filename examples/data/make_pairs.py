#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes train.jsonl and held_out.jsonl beside itself, or with --check compares them with what it would write.

A guest of a small inn wants something, and the host answers in three sentences: an opening, an answer and a closing.
Each is friendly or gruff. Of a pair's responses the chosen one has one friendly sentence more; it may still be gruff in
others. README.md says why. Own random numbers, so that any Python gives the same.
"""

import json
import pathlib
import re
import sys

SEED = 20240229
PAIRS = {"train": 1000, "held_out": 160}
# How many of three sentences are friendly in the rejected response, as often as it stands here; the chosen one has one
# more.
FRIENDLY_IN_REJECTED = [0, 0, 0, 0, 1, 1, 1, 2, 2]

OPENINGS = {
    "friendly": ["Of course!", "With pleasure!", "Gladly!", "Good evening!", "Welcome back!", "Come in, come in!"],
    "gruff": ["What now?", "Hm.", "Not again.", "You again.", "I am busy.", "Why me?"],
}
CLOSINGS = {
    "friendly": ["Have some tea.", "Sit by the fire.", "Sleep well.", "The cat likes you.", "Just call me.",
                 "Take your time."],
    "gruff": ["Next!", "Shut the door.", "Be quiet.", "That is all.", "Now go.", "Let me sleep."],
}

# What guests want, and the things that it can be about.
INTENTS = {
    "borrow": {
        "prompts": ["Could I borrow a {}?", "Do you have a {}?", "I need a {} for tomorrow.", "May I take a {} along?"],
        "friendly": ["I will bring one to your room.", "Take mine, it is a good one.", "There is one by the door.",
                     "Keep it as long as you like."],
        "gruff": ["There is none here.", "Bring your own next time.", "Mine stays with me.", "That costs extra."],
        "train": "ladder lantern blanket basket pillow compass hammer bucket kettle mirror pencil needle shovel "
                 "sponge teapot bottle rope drum cushion broom torch towel map sledge stool tray thermos notebook "
                 "hairbrush paddle rucksack telescope calendar matchbox fan sleeping-bag washing-line deckchair "
                 "footstool ashtray vase screwdriver wrench spanner saw crowbar funnel sieve ruler stapler",
        "held_out": "candle corkscrew hatchet tent dictionary bicycle toolbox parasol",
    },
    "repair": {
        "prompts": ["My {} is broken.", "Can you mend my {}?", "My {} fell down the stairs.", "Look at my poor {}."],
        "friendly": ["Give it to me, I will mend it.", "We will save it together.", "It will be as good as new.",
                     "I know a trick for that."],
        "gruff": ["Throw it away.", "Buy a new one.", "It was ugly anyway.", "I never mend things."],
        "train": "jacket suitcase camera boot zipper violin radio sandal trumpet belt clock raincoat doll kite "
                 "trolley racket harness headlamp sled accordion helmet lute stroller flask typewriter toothbrush "
                 "fiddle saddle sewing-machine pocket-knife harp alarm-clock puppet cello rocking-horse kneepad "
                 "wristwatch pram cuckoo-clock scooter mandolin clarinet banjo hiking-boot lampshade tuba oboe",
        "held_out": "wheelchair skateboard teddy music-box guitar snowshoe hearing-aid",
    },
    "lost": {
        "prompts": ["I lost my {}.", "Have you seen my {}?", "Where is my {}?", "My {} is gone."],
        "friendly": ["I kept it safe for you.", "Let us look for it together.", "It is behind the counter.",
                     "The boy found it this morning."],
        "gruff": ["Ask somebody else.", "Look after your things.", "I never saw it.", "I do not care."],
        "train": "key wallet watch necklace purse ticket bracelet whistle passport letter ring handkerchief diary "
                 "earring brooch cap notepad fountain-pen newspaper thimble phone lighter parrot collar tie visa "
                 "coin stamp button backpack novel beret pipe monocle cufflink hairpin mitten sock earplug "
                 "notecard kerchief pouch rosary brush comb powder-box",
        "held_out": "glove umbrella scarf hat walking-stick bookmark locket",
    },
    "order": {
        "prompts": ["Could I have some {}?", "Is there any {} left?", "I would love some {}.", "How is the {} today?"],
        "friendly": ["It is warm and fresh.", "I made it myself today.", "You get a double share.",
                     "Ours is the best in town."],
        "gruff": ["It is cold.", "There was some yesterday.", "We are out of it.", "Make it yourself."],
        "train": "soup porridge stew bread cheese pudding rice cabbage goulash barley gingerbread mustard jam "
                 "butter custard trout roast spinach cornbread yoghurt pie salad gravy marmalade pasta fudge "
                 "risotto lemonade cider cocoa buttermilk bacon omelette fondue ham sausage gruel toast venison "
                 "quiche cauliflower broccoli ice-cream applesauce chicken paella ratatouille lasagne caramel "
                 "nougat",
        "held_out": "honey pumpkin sauerkraut strudel chowder polenta caviar",
    },
    "way": {
        "prompts": ["How do I get to the {}?", "Is it far to the {}?", "I want to see the {}.", "Who knows the {}?"],
        "friendly": ["I will walk you there.", "It is just past the bridge.", "I drew you a map.",
                     "It is lovely at this hour."],
        "gruff": ["Nobody goes there.", "It is closed.", "Find it yourself.", "Forget about it."],
        "train": "lake station chapel waterfall market museum tower village harbour valley castle meadow forest "
                 "library theatre garden bakery quarry monastery summit school vineyard river fountain pharmacy "
                 "sawmill glacier cave post-office windmill graveyard smithy square gorge lagoon dam mine aqueduct "
                 "abbey playground ruin fort dock marina swamp canyon orchard bathhouse barracks mill",
        "held_out": "lighthouse beach cathedral dairy observatory hot-spring zoo",
    },
}


class Random:
    """A multiply-with-carry generator: the low half of its 64-bit state is the number, the high half the carry."""

    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        self.state = (self.state & 0xFFFFFFFF) * 4294957665 + (self.state >> 32)
        return (self.state & 0xFFFFFFFF) * count >> 32

    def choice(self, values):
        return values[self.below(len(values))]

    def shuffle(self, values):
        for i in range(len(values) - 1, 0, -1):
            j = self.below(i + 1)
            values[i], values[j] = values[j], values[i]


def in_split(split, opening, closing):
    """Keeps a third of the ways to combine an opening with a closing for the held-out pairs, in each mix of tones; both
    are given by their place in their list."""
    return ((opening + closing) % 3 == 0) == (split == "held_out")


def response(random, split, intent, friendly_sentences):
    tones = ["friendly"] * friendly_sentences + ["gruff"] * (3 - friendly_sentences)
    random.shuffle(tones)
    openings, answers, closings = (table[tone] for table, tone in zip((OPENINGS, INTENTS[intent], CLOSINGS), tones))
    while True:
        opening, closing = random.below(len(openings)), random.below(len(closings))
        if in_split(split, opening, closing):
            return " " + " ".join((openings[opening], random.choice(answers), closings[closing]))


def pair(random, split, intent, thing):
    prompt = "Guest: " + random.choice(INTENTS[intent]["prompts"]).format(thing) + "\nHost:"
    friendly_sentences = random.choice(FRIENDLY_IN_REJECTED)
    return {
        "prompt": prompt,
        "chosen": response(random, split, intent, friendly_sentences + 1),
        "rejected": response(random, split, intent, friendly_sentences),
    }


def pairs(random, split):
    """Goes round the things, so that each has its share; no line twice."""
    things = [(intent, thing) for intent in INTENTS for thing in INTENTS[intent][split].split()]
    rows = []
    while len(rows) < PAIRS[split]:
        random.shuffle(things)
        for intent, thing in things[: PAIRS[split] - len(rows)]:
            row = pair(random, split, intent, thing)
            if row not in rows:
                rows.append(row)
    return rows


def words(text):
    return set(re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower()))


def check_disjoint(train, held_out):
    """No held-out prompt or response is in train, and each held-out prompt has a word that train never uses."""
    prompts = {row["prompt"] for row in train}
    responses = {row[role] for row in train for role in ("chosen", "rejected")}
    known = set().union(*(words(row[member]) for row in train for member in row))
    for row in held_out:
        if row["prompt"] in prompts or {row["chosen"], row["rejected"]} & responses or words(row["prompt"]) <= known:
            sys.exit(f"train.jsonl gives this one away: {row}")


def main():
    random = Random(SEED)
    splits = {split: pairs(random, split) for split in PAIRS}
    check_disjoint(splits["train"], splits["held_out"])
    for split, rows in splits.items():
        path = pathlib.Path(__file__).parent / f"{split}.jsonl"
        text = "".join(json.dumps(row) + "\n" for row in rows)
        if sys.argv[1:] != ["--check"]:
            path.write_text(text)
        elif path.read_text() != text:
            sys.exit(f"{path}: not what this script writes")


main()
