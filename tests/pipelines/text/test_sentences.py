"""Sentences by hand in several scripts."""

import pytest

from pipelines.text.characters import characters
from pipelines.text.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", 3),
        ('He said "One." Then (two!) came.', 3),
        ("Version 3.5 is at example.com now.", 1),
        ("What?! Really...", 2),
        ("No stop", 1),
        ("A stop. And a rest", 2),
        ("", 0),
        ("यह एक वाक्य है। यह दूसरा है।", 2),
        ("هل هذا؟ نعم هذا. لا", 3),
        ("这是第一句。这是“第二句！”第三句", 3),
        ("これは文です。「文です！」", 2),
        ("ဒါက တစ်ခု။ ဒါက နှစ်ခု။", 2),
        ("นี่คือประโยค นี่ก็คือประโยค", 2),
        ("ราคา 3.50 บาท", 1),
    ],
)
def test_sentences(text: str, expected: int) -> None:
    assert sentences(characters(["A.", text, "b"])).tolist() == [1, expected, 1]
