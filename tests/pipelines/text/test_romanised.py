"""Romanised Hindi, Urdu, Tamil, Telugu and Bengali are known by their function words; other languages are not them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.text.romanised import romanised

LINES = {
    "hi_rom": [
        "mujhe nahi pata ki kya karna hai aur kab karna hai",
        "yeh film bahut acchi thi lekin kahani thodi lambi hai",
        "hum sab log milkar kaam karenge to desh aage badhega, yeh hamara vishwas hai",
        "Aap kaise hain? Main theek hoon, aap apna dhyan rakhiye.",
        "jab tak hum koshish nahi karte tab tak kuch nahi hoga",
    ],
    "ur_rom": [
        "hukumat ne kaha hai ke woh awam ki zindagi behtar karna chahti hai",
        "shukriya aap ka, lekin mulk mein is waqt bohot zaroorat hai",
        "assalam alaikum, aap kaise hain aur kahan rehte hain, inshallah phir mulaqat hogi",
    ],
    "ta_rom": [
        "avanga enga irukkanga nu enakku theriyala",
        "naan romba nalla iruken, neenga eppadi irukkinga, ellam nalla iruku thaane",
        "indha padam enakku romba pidichadhu aana konjam neelam",
    ],
    "te_rom": [
        "naaku telugu ante chala ishtam kani rayadam radu",
        "meeru ela unnaru, nenu ikkada chala bagunnanu",
        "idi enduku ila undi ani evaru kuda cheppandi ledu",
    ],
    "bn_rom": [
        "ami tomake bhalobashi kintu tumi janona",
        "apni kemon achen, ami khub bhalo achi",
        "ekhon ki korbo ami jani na, tumi amake bole diye jao",
    ],
}


@pytest.mark.parametrize(("code", "line"), [(code, line) for code, lines in LINES.items() for line in lines])
def test_romanised_lines(code: str, line: str) -> None:
    ((row, (found, sure)),) = romanised(["something else", line]).items()
    assert (row, found) == (1, code)
    assert 0.875 <= sure < 1


@pytest.mark.parametrize(
    "line",
    [
        "",
        "The main aim of the ban is to see the hut par excellence and not the sun or the ham.",
        "hai hai hai hai",  # one word is no sentence
        "sevis sosyal ki nesese, se ki ne se",  # Creole
        "Ho visto che il mare era calmo e se ne andava",
        "Ne koskaan ole se, ei ole ne par",
        "Semua orang dilahirkan merdeka dan mempunyai martabat dan hak yang sama",
        "Se non ho nulla, ma se tu hai una casa e la tua vita",
        "Ik ben er tot de avond en hoor hun stem",
        "Bila mama nie ma, to ja tak, ale nie na raz",
        "Tumi ist ein Name",
    ],
)
def test_other_lines(line: str) -> None:
    assert romanised([line]) == {}


def test_each_word_more_halves_the_doubt() -> None:
    found = romanised(["yeh kya hai", "yeh kya hai aur kyun", "yeh kya hai hai hai"])
    assert found == {0: ("hi_rom", 1 - 1 / 8), 1: ("hi_rom", 1 - 1 / 32), 2: ("hi_rom", 1 - 1 / 8)}


@settings(deadline=None)
@given(st.lists(st.text()))
def test_texts_in_any_script_give_something_or_nothing(texts: list[str]) -> None:
    found = romanised(texts)
    assert all(0 <= row < len(texts) and 0.875 <= sure <= 1 for row, (_, sure) in found.items())
