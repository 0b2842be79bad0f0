"""Sentences in invented languages that say the same thing: a word for each concept, a script for each language."""

import random
import unicodedata
from dataclasses import dataclass

CONCEPTS = {
    "DET": ("the", "a"),
    "ADJ": ("old", "red", "small", "quiet", "warm"),
    "NOUN": ("lamp", "door", "river", "window", "garden", "teacher", "cat", "song"),
    "VERB": ("opens", "sees", "likes", "moves", "paints", "hears"),
    "NUM": ("two", "seven", "nine"),
    "PROPN": ("Adala", "Berin", "Corvo", "Dunmar", "Elsin Bay", "Farro Works"),
    "PART": ("not",),
    "PRON": ("what",),
    "PUNCT": (".",),
}
NAMES = {"Adala": "PER", "Berin": "PER", "Corvo": "LOC", "Dunmar": "LOC", "Elsin Bay": "LOC", "Farro Works": "ORG"}
TAGS = {concept: tag for tag, concepts in CONCEPTS.items() for concept in concepts}
_LETTERS = {
    "ar fa ur": "ابتدرسعلمنوي",
    "he": "אבגדהולמנרשת",
    "bg ru kk": "абвгдеиклмнорст",
    "el": "αβγδεικλμνορσ",
    "hi mr": "कगतदनपमरलसािे",
    "bn": "কগতদনপমরলসাি",
    "ta": "கசதநபமரலவாி",
    "te": "కగతదనపమరలసాి",
    "ml": "കഗതദനപമരലസാി",
    "th": "กขคงจดตนปมรลอา",
    "my": "ကခဂငစတနပမရလာ",
    "ka": "აბგდეიკლმნორს",
    "ko": "가나다라마바사아자하고미수",
    "ja": "あかさたなはまやらい花山水火",
    "zh": "大小水火山石田人口手日月天地",
}
_BY_LANGUAGE = {language: letters for languages, letters in _LETTERS.items() for language in languages.split()}
UNSPACED = frozenset({"zh", "ja", "th", "my"})
COMBINING = "e\N{COMBINING ACUTE ACCENT}o\N{COMBINING DIAERESIS}"
EMOJI = "\N{PARTY POPPER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}"

Sentence = tuple[str, ...]
"""Concepts in order; a name of two words is one concept."""


@dataclass(frozen=True)
class Lexicon:
    """How a language says each concept."""

    language: str

    def word(self, concept: str) -> str:
        """Return the concept's word, or words: the same each time, another for each concept."""
        if self.language == "en" or concept == ".":
            return concept
        draw = random.Random(f"{self.language} {concept}")
        letters = _BY_LANGUAGE.get(self.language, "aáeioubdgklmnrst")
        start = letters[0]  # no word begins with a combining mark
        made = " ".join(start + "".join(draw.choices(letters, k=draw.randint(2, 4))) for _ in concept.split())
        return unicodedata.normalize("NFC", made)

    def words(self, sentence: Sentence) -> list[tuple[str, str]]:
        """Return each word with the concept that it belongs to."""
        return [(word, concept) for concept in sentence for word in self.word(concept).split()]

    def text(self, sentence: Sentence) -> str:
        """Return the sentence as it is written: without spaces where the language has none."""
        words = [word for word, _ in self.words(sentence)]
        return ("" if self.language in UNSPACED else " ").join(words).replace(" .", ".")


def sentence(draw: random.Random) -> Sentence:
    """Draw a sentence such as `the old cat sees Corvo .`."""
    one = {tag: draw.choice(concepts) for tag, concepts in CONCEPTS.items()}
    object_ = (one["PROPN"],) if draw.random() < 0.5 else (one["NUM"], draw.choice(CONCEPTS["NOUN"]))
    return (one["DET"], one["ADJ"], one["NOUN"], one["VERB"], *object_, ".")


def sentences(count: int, seed: str) -> list[Sentence]:
    """Draw sentences that all differ."""
    draw = random.Random(seed)
    drawn: dict[Sentence, None] = {}
    while len(drawn) < count:
        drawn[sentence(draw)] = None
    return list(drawn)


def pos_tags(words: list[tuple[str, str]]) -> list[str]:
    return [TAGS[concept] for _, concept in words]


def name_tags(words: list[tuple[str, str]]) -> list[str]:
    """Return the IOB2 tag of each word; the second word of a name continues it."""
    tags, before = [], ""
    for _, concept in words:
        kind = NAMES.get(concept)
        tags.append("O" if kind is None else f"{'I' if concept == before else 'B'}-{kind}")
        before = concept
    return tags
