"""Sentence segmentation: by hand in many scripts, and nothing is lost of any text."""

import tracemalloc
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.text.characters import characters
from pipelines.text.normalize import normalize
from pipelines.text.segmentation import count_sentences, segment

CASES = {
    "stops": ("en", "One.|Two!|Three?|Four"),
    "quotes": ("en", 'He said "One."|Then (two!) came.|“Three?”|‘Four.’|Five'),
    "decimals and addresses": ("en", "Version 3.5 is at example.com/a.html now.|See www.a.org."),
    "several stops": ("en", "What?!|Really...|Wait... what?|So . . .|Then"),
    "speech goes on": ("en", '"Why?" he asked.|“Stop!” – she cried.|Fine?|yes'),
    "titles": ("en", "Dr. Who met Mr. J. R. Smith and Prof. Lee.|They spoke."),
    "in the middle": ("en", "Some, e.g. Paris, i.e. cities vs. villages, etc.|They are big."),
    "before a number": ("en", "See No. 5 and Fig. 3, p. 12.|He said no.|They left."),
    "abbreviated states": ("en", "She lives in the U.S. Government flats.|Yes."),
    "numbered": ("en", "1. Introduction to it.|2. Methods of work.|He is 45.|She is not."),
    "numbered alone": ("en", "12."),
    "lettered": ("en", "A. First point.|B. Second point."),
    "marks alone": ("en", "... and so on! !!!|*** Next"),
    "smile": ("en", "Great work! :)"),
    "brackets": ("en", "(This is one.)|[This, too.]|This (e.g. that) is one."),
    "small letter": ("en", "Use file. then go on."),
    "ordinals": ("de", "Am 3. Oktober 1990 kam Ludwig XIV. Er ging 2007.|Dann kam die 2. Frau."),
    "german": ("de", "Das ist z. B. Herr Dr. Maier, geb. Müller.|»Ja.«|„Nein!“|Er ging, d. h. Er lief."),
    "french": ("fr", "« Oui ! »|Il partit.|M. Dupont et Mme. Lenoir sont là.|Non ?|Si."),
    "spanish": ("es", "¿Qué?|¡Sí!|El Sr. López llegó, pág. 5.|Fin."),
    "russian": (
        "ru",
        "А. С. Пушкин родился в 1799 г. Он жил на ул. Мойка.|— Да! — сказал он.|Нет, т. е. Он, и т. д.|Всё.",
    ),
    "greek": ("el", "Τι είναι;|Είναι, π.χ. Αθήνα.|Ναι."),
    "armenian": ("hy", "Սա մեկն է:|Սա երկրորդն է։|Վերջ"),
    "hindi": ("hi", "यह एक वाक्य है।|डॉ. शर्मा और ए. पी. सिंह आए।|क्या?|हाँ"),
    "arabic": ("ar", "هل هذا؟|نعم هذا.|لا"),
    "urdu": ("ur", "یہ ایک ہے۔|وہ دو ہے۔"),
    "amharic": ("am", "ይህ አንድ ነው።|ያ ሁለት ነው፡፡|ሦስት"),
    "burmese": ("my", "ဒါက၊ တစ်ခု။|ဒါက နှစ်ခု။"),
    "khmer": ("km", "នេះជាមួយ។|ផ្លែឈើ ។ល។|ចប់"),
    "chinese": ("zh-Hans", "这是第一句。|“第二句！”|他走了！|真的（是吗？），好。"),
    "fullwidth": ("zh-Hans", "价格是３．５元。|好！|不错?|是"),
    "japanese": ("ja", "これは文です。|「文です！」と言った。|（笑！）の話です。|すごい!|次です"),
    "korean": ("ko", "이것은 문장입니다.|그렇죠?|네"),
    "thai": ("th", "สวัสดีครับ วันนี้อากาศดีมากเลยนะครับ ผมอยากไปเที่ยว|ทะเลกับเพื่อนหลายคนในวันหยุดนี้ และคุณ ๆ ล่ะครับ"),
    "thai number": ("th", "ราคา 3.50 บาท"),
    "no letters": ("en", "..."),
    "blank": ("en", ""),
}

PIECES = st.text(st.sampled_from('ab A1.!?…”")。！」។ល።፧፡;:»ก ข\u200bとк—'), max_size=30)
LANGUAGES = st.sampled_from(["en", "de", "el", "hy", "am", "th", "ja", "km"])


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name: str) -> None:
    language, marked = CASES[name]
    expected = [sentence.strip() for sentence in marked.split("|")] if marked else []
    text = marked.replace("|", "" if language in ("zh-Hans", "ja", "km") else " ")
    found = segment(["Begin. End", text, "A. b"], ["en", language, "en"])
    assert [own for own, row in zip(found.texts, found.row.tolist(), strict=True) if row == 1] == expected
    counts = count_sentences(characters(["Begin. End", text]), ["en", language])
    assert counts.tolist() == [2, len(expected)]


@settings(deadline=None)
@given(st.lists(st.tuples(PIECES, LANGUAGES), max_size=8))
def test_the_sentences_of_a_text_joined_are_the_text(cases: list[tuple[str, str]]) -> None:
    texts = [normalize(text) for text, _ in cases]
    found = segment(texts, [language for _, language in cases])
    parts: list[list[str]] = [[] for _ in texts]
    for row, sentence in zip(found.row.tolist(), found.texts, strict=True):
        assert sentence and sentence == sentence.strip()  # noqa: PT018
        parts[row].append(sentence)
    assert ["".join(part).replace(" ", "") for part in parts] == [text.replace(" ", "") for text in texts]


@settings(deadline=None)
@given(st.lists(st.tuples(PIECES, LANGUAGES), min_size=1, max_size=4))
def test_a_text_is_divided_alone_as_among_others(cases: list[tuple[str, str]]) -> None:
    cases = [(normalize(text), language) for text, language in cases]
    together = segment([text for text, _ in cases], [language for _, language in cases])
    alone = [segment([text], [language]).texts for text, language in cases]
    assert together.texts == [sentence for own in alone for sentence in own]


def test_long_stretches_without_a_stop_are_cut_at_spaces() -> None:
    clause = "នេះជាប្រយោគវែងមួយដែលគ្មានសញ្ញាខណ្ឌ"
    assert segment([" ".join([clause] * 4)], ["km"]).texts == [" ".join([clause] * 4)]
    long = segment([" ".join([clause] * 12)], ["km"]).texts
    assert len(long) > 1
    assert all(40 <= len(sentence) < 120 for sentence in long)


def test_texts_in_ever_other_mixes_of_languages_leave_nothing_behind() -> None:
    languages = ["bg", "cs", "de", "en", "es", "fr", "it", "nl", "pl", "pt", "ru", "tr"]
    text = "Am 3. Okt. kam Dr. Maier. Er ging."
    segment([text] * len(languages), languages)
    tracemalloc.start()
    try:
        for mix in combinations(languages, 4):
            segment([text] * len(mix), mix)
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 100_000  # the hashes of one mix take some 8,000 bytes, and there are 495
