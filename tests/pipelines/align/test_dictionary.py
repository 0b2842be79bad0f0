"""The dictionary of whole words, from sentences whose words are known to translate each other."""

from random import Random

from pipelines.align.dictionary import extract, words

ENGLISH = ["house", "door", "light", "window", "garden", "kitchen", "red", "small", "open", "close"]
GERMAN = ["Haus", "Tür", "Licht", "Fenster", "Garten", "Küche", "rot", "klein", "öffnen", "schließen"]
JAPANESE = ["家", "扉", "照明", "窓", "庭園", "キッチン", "赤", "小", "開", "閉"]


def sentences(translations: list[str], joint: str, count: int = 300) -> tuple[list[str], list[str]]:
    random = Random(1)
    drawn = [random.sample(range(len(ENGLISH)), 3) for _ in range(count)]
    return (
        [" ".join(ENGLISH[i] for i in row).capitalize() + "." for row in drawn],
        [joint.join(translations[i] for i in reversed(row)) + "." for row in drawn],
    )


def test_words_are_found_with_their_translations_in_lower_case() -> None:
    entries = extract(*sentences(GERMAN, " "), most=1, least=0.5, seen=3)
    assert [(entry.word, entry.translation) for entry in entries] == sorted(
        (english, german.lower()) for english, german in zip(ENGLISH, GERMAN, strict=True)
    )
    assert all(0.5 <= entry.certainty <= 1 for entry in entries)


def test_a_word_of_an_unspaced_script_is_its_longest_run() -> None:
    entries = extract(*sentences(JAPANESE, "、"), most=1, least=0.2, seen=3)
    found = {entry.word: entry.translation for entry in entries}
    assert found == dict(zip(ENGLISH, JAPANESE, strict=True))


def test_katakana_is_one_word_and_hiragana_stays_apart() -> None:
    names = words(["キッチンの照明を"]).names
    assert "キッチン" in names
    assert "照明" in names
    assert not {"キッ", "チン", "の照", "照明を"} & set(names)


def test_a_word_has_no_more_translations_than_asked_for_the_surest_first() -> None:
    sources = ["house"] * 60 + ["door"] * 60
    targets = ["haus"] * 40 + ["gebäude"] * 20 + ["tür"] * 60
    both = [entry for entry in extract(sources, targets, most=2, least=0.1, seen=3) if entry.word == "house"]
    assert [entry.translation for entry in both] == ["haus", "gebäude"]
    assert len(extract(sources, targets, most=1, least=0.1, seen=3)) == 2


def test_rare_words_numbers_and_equal_words_are_left_out() -> None:
    sources = ["zone 42 wifi alpha"] * 20 + ["rare"] * 2
    targets = ["zone 42 wifi alpha"] * 20 + ["selten"] * 2
    assert [e for e in extract(sources, targets, 3, 0.0, seen=3) if e.word == e.translation] == []
    words_in = {entry.word for entry in extract(sources, targets, 3, 0.0, seen=3)}
    assert "42" not in words_in
    assert "rare" not in words_in


def test_no_texts_give_no_words() -> None:
    assert extract([], [], 3, 0.2, 3) == []
    assert extract(["…"], ["…"], 3, 0.2, 1) == []
