"""Two sides to pairs (PAIRS): the one place where pairs are measured, whichever way they were found."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.align.scoring import (
    digits_agree,
    has_markup,
    log_length_ratio,
    placeholders_agree,
    similarity,
    urls_agree,
)
from pipelines.datasets.schemas import PAIRS
from pipelines.dedup.exact import hash_forms
from pipelines.stages.work import column, dictionary
from pipelines.text.fold import fold_all
from pipelines.text.langid import LanguageIdentifier
from pipelines.text.quality import measure
from pipelines.text.scripts import dominant_scripts

_PLACE = ("text", "lang", "file", "record", "paragraph")
_MEASURED = ("script", "lid", "lid_prob", "words", "letters", "chars", "longest_word")
SIDE = (*_PLACE, *_MEASURED)  # what `pair_columns` needs of each side

Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Links:
    """How the sides of pairs [n] were found to be translations.

    `method` is key, length, lexical, embedding or mined; `confidence` (float32 [n]) is that method's, not a number for
    keys. `source` and `target` (int32 [n, 2]) are each side's first sentence in its document and how many it has;
    (-1, 0) for what is no sentence of a segmented document.
    """

    method: str
    confidence: npt.NDArray[np.float32]
    source: Int32
    target: Int32

    @staticmethod
    def keyed(pairs: int) -> "Links":
        """Return the links of pairs that share a key."""
        nowhere = np.tile(np.array([-1, 0], np.int32), (pairs, 1))
        return Links("key", np.full(pairs, np.nan, np.float32), nowhere, nowhere)


def measured(side: pa.Table, identifier: LanguageIdentifier) -> pa.Table:
    """Return a side whose texts were put together from sentences, with the measures that staged rows have."""
    texts = side.column("text").to_pylist()
    scripts = dominant_scripts(texts)
    identified = identifier.identify(texts, scripts)
    measures = measure(texts)
    columns = {
        "script": dictionary(scripts),
        "lid": dictionary(identified.languages),
        "lid_prob": identified.probabilities,
        "words": measures.words,
        "letters": measures.letters,
        "chars": measures.chars,
        "longest_word": measures.longest_word,
    }
    given = {name: side[name] for name in side.column_names if name not in _MEASURED}
    return pa.table({**given, **columns})


def pair_columns(targets: pa.Table, sources: pa.Table, links: Links) -> pa.Table:
    """Return the pairs (PAIRS) of two row-aligned tables.

    Both have the columns `SIDE`, as staged rows do; what was put together from sentences gets the measured ones from
    `measured`. The targets also have `document` and `key`, and `score` where their source gave pairs one.
    """
    texts = sources["text"].to_pylist(), targets["text"].to_pylist()
    folded = [fold_all(side) for side in texts]
    count = targets.num_rows
    columns = {
        "source_text": sources["text"],
        "target_text": targets["text"],
        "source_lang": sources["lang"],
        "target_lang": targets["lang"],
        "group": hash_forms(folded[0]),
        "target_hash": hash_forms(folded[1]),
        "document": targets["document"],
        "key": targets["key"],
        "source_file": sources["file"],
        "source_record": sources["record"],
        "source_paragraph": sources["paragraph"],
        "source_sentence": links.source[:, 0],
        "source_sentences": links.source[:, 1],
        "target_file": targets["file"],
        "target_record": targets["record"],
        "target_paragraph": targets["paragraph"],
        "target_sentence": links.target[:, 0],
        "target_sentences": links.target[:, 1],
        "method": _repeated(links.method, count),
        "confidence": links.confidence,
        "given_score": targets["score"] if "score" in targets.column_names else np.full(count, np.nan, np.float32),
        "length_ratio": log_length_ratio(column(sources, "chars").to_numpy(), column(targets, "chars").to_numpy()),
        "near_copy": similarity(*folded),
        "source_script": sources["script"],
        "target_script": targets["script"],
        "source_lid": sources["lid"],
        "source_lid_prob": sources["lid_prob"],
        "target_lid": targets["lid"],
        "target_lid_prob": targets["lid_prob"],
        "source_words": sources["words"],
        "target_words": targets["words"],
        "letters": pc.min_element_wise(sources["letters"], targets["letters"]),
        "longest_word": pc.max_element_wise(sources["longest_word"], targets["longest_word"]),
        "markup": has_markup(*texts),
        "placeholders_agree": placeholders_agree(*texts),
        "digits_agree": digits_agree(*texts),
        "urls_agree": urls_agree(*texts),
    }
    return pa.table(columns, schema=PAIRS)


def _repeated(label: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([label]))
