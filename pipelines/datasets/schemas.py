"""The columns of the datasets that pass between stages.

A row's id is (`file`, `record`, `paragraph`): it is kept from the raw file to the published shard.
"""

from typing import Final

import pyarrow as pa

LABEL = pa.dictionary(pa.int32(), pa.string())

STAGED = pa.schema(
    [
        pa.field("file", LABEL, nullable=False),  # raw file, or archive and member: a name, never a path to open
        pa.field("record", pa.int32(), nullable=False),  # record in the file, from 0
        pa.field("paragraph", pa.int32(), nullable=False),  # paragraph in the record, from 0
        pa.field("offset", pa.int64(), nullable=False),  # the record's first byte in the unpacked file, -1: it has none
        pa.field("document", LABEL, nullable=False),  # what may not be divided between splits
        pa.field("document_row", pa.int32(), nullable=False),  # its row in the split's file of documents (DOCUMENTS)
        pa.field("key", pa.string(), nullable=False),  # the record's key in its file, or ""
        pa.field("group", pa.uint64(), nullable=False),  # equal for translations of one paragraph
        pa.field("score", pa.float32(), nullable=False),  # of its pair, as the source gives it; not a number: none
        pa.field("lang", LABEL, nullable=False),  # as declared, else the document's; codes as CC-100 writes them
        pa.field("text", pa.string(), nullable=False),  # normalised
        pa.field("changed", pa.int32(), nullable=False),  # characters that normalisation changed
        pa.field("changes", pa.uint8(), nullable=False),  # which kinds of change: bits of text.normalize.Change
        pa.field("script", LABEL, nullable=False),  # ISO 15924, of most letters; "" where there are none
        pa.field("lid", LABEL, nullable=False),  # language identified in the text
        pa.field("lid_prob", pa.float32(), nullable=False),  # its probability
        pa.field("chars", pa.int32(), nullable=False),  # code points
        pa.field("words", pa.int32(), nullable=False),  # runs without white space; see text.words for other scripts
        pa.field("letters", pa.float32(), nullable=False),  # share of letters in what is not white space
        pa.field("digits", pa.float32(), nullable=False),  # share of digits, likewise
        pa.field("punctuation", pa.float32(), nullable=False),  # share of punctuation, likewise
        pa.field("placeholders", pa.int32(), nullable=False),  # such as {name}
        pa.field("longest_word", pa.int32(), nullable=False),  # its characters
        pa.field("terminal", pa.bool_(), nullable=False),  # ends with the end of a sentence
        pa.field("boilerplate", pa.bool_(), nullable=False),  # names JavaScript, cookies or terms of use, as C4 asks
        pa.field("emails", pa.int32(), nullable=False),  # e-mail addresses, masked or not
        pa.field("addresses", pa.int32(), nullable=False),  # public IP addresses, masked or not
    ]
)

# One row for each document of a split: the paragraphs of one record, or of one document where a file's records are
# its lines. A row of STAGED names its document by `document_row`.
DOCUMENTS = pa.schema(
    [
        pa.field("file", LABEL, nullable=False),
        pa.field("record", pa.int32(), nullable=False),  # its first
        pa.field("document", LABEL, nullable=False),
        pa.field("lang", LABEL, nullable=False),  # as declared, else the vote of its paragraphs weighted by bytes
        pa.field("lid", LABEL, nullable=False),  # that vote
        pa.field("lid_prob", pa.float32(), nullable=False),  # mean probability of the paragraphs that agree with it
        pa.field("agreement", pa.float32(), nullable=False),  # their share of the bytes
        pa.field("paragraphs", pa.int32(), nullable=False),  # its rows, which are its lines
        pa.field("chars", pa.int32(), nullable=False),  # code points
        pa.field("words", pa.int32(), nullable=False),  # as in STAGED
        # Gopher's quality rules
        pa.field("mean_word_length", pa.float32(), nullable=False),  # characters
        pa.field("hashes", pa.float32(), nullable=False),  # "#" per word
        pa.field("ellipses", pa.float32(), nullable=False),  # "..." and "…" per word
        pa.field("bullet_lines", pa.float32(), nullable=False),  # share of lines that begin with a bullet
        pa.field("ellipsis_lines", pa.float32(), nullable=False),  # share of lines that end with an ellipsis
        pa.field("alphabetic_words", pa.float32(), nullable=False),  # share of words with a letter
        pa.field("stop_words", pa.int32(), nullable=False),  # of Gopher's eight, how many stand in it; -1: no list
        # Gopher's repetition rules: shares of lines, then of characters
        pa.field("repeated_lines", pa.float32(), nullable=False),  # lines equal to an earlier one
        pa.field("repeated_line_chars", pa.float32(), nullable=False),  # characters of those lines
        *(pa.field(f"top_{n}gram", pa.float32(), nullable=False) for n in (2, 3, 4)),  # in the commonest n-gram
        *(pa.field(f"repeated_{n}gram", pa.float32(), nullable=False) for n in range(5, 11)),  # in repeated n-grams
        # C4's rules for pages, measured in the lines that its rules for lines keep
        pa.field("sentences", pa.int32(), nullable=False),
        pa.field("curly_bracket", pa.bool_(), nullable=False),  # "{"
        pa.field("lorem_ipsum", pa.bool_(), nullable=False),
        # FineWeb's rules
        pa.field("terminal_lines", pa.float32(), nullable=False),  # share of lines that end with the end of a sentence
        pa.field("short_lines", pa.float32(), nullable=False),  # share of lines of at most 30 characters
    ]
)

# One row for each sentence of the rows of STAGED that have no group, in their order.
SENTENCES = pa.schema(
    [
        pa.field("file", LABEL, nullable=False),  # these three are the id of its row of STAGED
        pa.field("record", pa.int32(), nullable=False),
        pa.field("paragraph", pa.int32(), nullable=False),
        pa.field("sentence", pa.int32(), nullable=False),  # in its document, from 0
        pa.field("document", LABEL, nullable=False),  # as in STAGED
        pa.field("document_row", pa.int32(), nullable=False),  # as in STAGED; ascends
        pa.field("lang", LABEL, nullable=False),  # as in STAGED
        pa.field("text", pa.string(), nullable=False),  # joined, those of a row are its text up to white space
    ]
)

# A pair of two texts that may be translations of each other. Its id is that of its two sides.
PAIRS = pa.schema(
    [
        pa.field("source_text", pa.string(), nullable=False),
        pa.field("target_text", pa.string(), nullable=False),
        pa.field("source_lang", LABEL, nullable=False),
        pa.field("target_lang", LABEL, nullable=False),
        pa.field("group", pa.uint64(), nullable=False),  # hash of the folded source: equal for equal sources
        pa.field("target_hash", pa.uint64(), nullable=False),  # hash of the folded target
        pa.field("document", LABEL, nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("source_file", LABEL, nullable=False),
        pa.field("source_record", pa.int32(), nullable=False),
        pa.field("source_paragraph", pa.int32(), nullable=False),  # of several sentences the first one's
        pa.field("source_sentence", pa.int32(), nullable=False),  # its first in its document, from 0; -1: not segmented
        pa.field("source_sentences", pa.int32(), nullable=False),  # how many; 0: not segmented
        pa.field("target_file", LABEL, nullable=False),
        pa.field("target_record", pa.int32(), nullable=False),
        pa.field("target_paragraph", pa.int32(), nullable=False),
        pa.field("target_sentence", pa.int32(), nullable=False),
        pa.field("target_sentences", pa.int32(), nullable=False),
        pa.field("method", LABEL, nullable=False),  # key, length, lexical, embedding or mined
        pa.field("confidence", pa.float32(), nullable=False),  # the method's own; not a number for key
        pa.field("given_score", pa.float32(), nullable=False),  # as the source file gives it; else not a number
        pa.field("length_ratio", pa.float32(), nullable=False),  # natural log of target over source characters
        pa.field("near_copy", pa.float32(), nullable=False),  # how alike the two folded texts are: 1 if equal
        pa.field("source_script", LABEL, nullable=False),  # ISO 15924, of most letters; "" where there are none
        pa.field("target_script", LABEL, nullable=False),
        pa.field("source_lid", LABEL, nullable=False),
        pa.field("source_lid_prob", pa.float32(), nullable=False),
        pa.field("target_lid", LABEL, nullable=False),
        pa.field("target_lid_prob", pa.float32(), nullable=False),
        pa.field("source_words", pa.int32(), nullable=False),
        pa.field("target_words", pa.int32(), nullable=False),
        pa.field("letters", pa.float32(), nullable=False),  # the smaller of the two sides
        pa.field("longest_word", pa.int32(), nullable=False),  # the larger of the two sides
        pa.field("markup", pa.bool_(), nullable=False),  # a side holds a tag as HTML writes them
        pa.field("placeholders_agree", pa.bool_(), nullable=False),  # the same on both sides, each as often
        pa.field("digits_agree", pa.bool_(), nullable=False),  # likewise, decimal digits of any script
        pa.field("urls_agree", pa.bool_(), nullable=False),  # likewise
    ]
)

MARGIN: Final = "margin"  # the column that the stage score gives pairs

# Row-aligned to a file of STAGED, PAIRS or DOCUMENTS.
CLUSTERS = pa.schema(
    [
        pa.field("cluster", pa.uint64(), nullable=False),  # equal for copies of each other
        pa.field("cluster_size", pa.int32(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),  # place among the copies, from 0, in the order of the files
        pa.field("published", pa.bool_(), nullable=False),  # has a copy in a dataset that was published before
    ]
)

# Near duplicates: two clusters, of documents or pairs, whose shingles are as similar as was asked. `first` comes first.
NEAR = pa.schema(
    [
        pa.field("first", pa.uint64(), nullable=False),  # `cluster` of the one's copies
        pa.field("second", pa.uint64(), nullable=False),
        pa.field("first_size", pa.int32(), nullable=False),  # how many copies it has
        pa.field("second_size", pa.int32(), nullable=False),
        pa.field("jaccard", pa.float32(), nullable=False),  # exact
    ]
)

# Row-aligned to a file of DOCUMENTS or PAIRS: what hangs together by any chain of copies and near duplicates.
NEAR_CLUSTERS = pa.schema(
    [
        pa.field("near_cluster", pa.uint64(), nullable=False),
        pa.field("near_cluster_size", pa.int32(), nullable=False),  # documents or pairs, copies among them
    ]
)

# The keys of what a dataset holds, ascending: what later datasets are deduplicated against.
INDEX = pa.schema([pa.field("key", pa.uint64(), nullable=False)])

# What became of each row, beside the file of STAGED or PAIRS that it is aligned to.
DECISIONS = pa.schema(
    [
        pa.field("reason", LABEL, nullable=False),  # why it was dropped, "" where it was kept
        pa.field("split", LABEL, nullable=False),  # train, dev or test: where it went, or would have gone
    ]
)

# Histograms of measures among the texts that publish kept and dropped: the rows with low ≤ value < high.
DISTRIBUTIONS = pa.schema(
    [
        pa.field("measure", LABEL, nullable=False),  # a column of STAGED, DOCUMENTS, PAIRS or what was annotated
        pa.field("lang", LABEL, nullable=False),  # of pairs what they count for: the target's language, or `de→fr`
        pa.field("kept", pa.bool_(), nullable=False),
        pa.field("low", pa.float32(), nullable=False),
        pa.field("high", pa.float32(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
    ]
)


def vectors_schema(width: int) -> pa.Schema:
    """Return the columns of a file of vectors that is row-aligned to one of sentences: unit norm, `width` numbers."""
    return pa.schema([pa.field("vector", pa.list_(pa.float16(), width), nullable=False)])


def span_vectors_schema(width: int) -> pa.Schema:
    """Return the columns of the vectors of runs of two or more consecutive sentences of one document.

    Rows are ordered by `first`, then `count`. The text of a run is its sentences with a space between them.
    """
    return pa.schema(
        [
            pa.field("first", pa.int32(), nullable=False),  # row of its first sentence in the file of sentences
            pa.field("count", pa.int32(), nullable=False),  # how many sentences it has
            *vectors_schema(width),
        ]
    )
