"""One library's side of the benchmark of segmentation; runs in an environment of its own.

`segment_side.py LIBRARY LANGUAGE` reads a JSON list of texts, and writes JSON: each text's sentences, and the CPU
seconds of one pass; null where the library does not know the language.
"""

import json
import sys
import time
from collections.abc import Callable

LEAST = 0.3  # seconds to measure for
Divide = Callable[[str], list[str]]


def divider(library: str, language: str) -> Divide | None:
    """Return the library's function, or None where it has no such language."""
    if library == "blingfire":
        import blingfire

        return lambda text: blingfire.text_to_sentences(text).split("\n")
    if library == "sentencex":
        import sentencex

        return lambda text: list(sentencex.segment(language, text))
    if library == "sentence-splitter":
        import sentence_splitter

        try:
            return sentence_splitter.SentenceSplitter(language=language).split
        except sentence_splitter.SentenceSplitterException:
            return None
    import pysbd

    try:
        return pysbd.Segmenter(language=language, clean=False).segment
    except ValueError:
        return None


def main(library: str, language: str) -> None:
    texts = json.load(sys.stdin)
    divide = divider(library, language)
    if divide is None:
        json.dump(None, sys.stdout)
        return
    divide(texts[0])  # what is loaded at first is not counted
    passes, begin = 0, time.process_time()
    while not passes or time.process_time() - begin < LEAST:
        sentences = [divide(text) for text in texts]
        passes += 1
    seconds = (time.process_time() - begin) / passes
    json.dump({"sentences": sentences, "seconds": seconds}, sys.stdout)


main(*sys.argv[1:])
