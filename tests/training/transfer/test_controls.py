from training.transfer.controls import contexts, majority, ngram_classifier, ngram_tagger


def test_the_majority_is_the_most_frequent_label() -> None:
    assert majority(["b", "c", "c"]) == "c"
    assert majority(["c", "b"]) == "b"


def test_a_word_is_seen_with_its_neighbours() -> None:
    assert contexts(["Go", "home"]) == ["go\t\thome", "home\tgo\t"]


def test_a_classifier_finds_what_letters_tell() -> None:
    train = [(f"{word} {n}", label) for n in range(30) for word, label in (("failed", "error"), ("Enter", "field"))]
    predict, chosen = ngram_classifier(train, [("It FAILED", "error"), ("entering", "field")])
    assert predict(["failure", "Entered"]) == ["error", "field"]
    assert chosen["dev"] == 100


def test_a_tagger_tells_words_apart_by_their_neighbours() -> None:
    train = [pair for _ in range(50) for pair in zip(contexts(["to", "run"]), ["PART", "VERB"], strict=True)]
    train += [pair for _ in range(50) for pair in zip(contexts(["the", "run"]), ["DET", "NOUN"], strict=True)]
    predict, chosen = ngram_tagger(train, train[:4], seed=1)
    assert predict([*contexts(["the", "run"]), *contexts(["to", "run"])]) == ["DET", "NOUN", "PART", "VERB"]
    assert set(chosen) == {"lengths", "model", "dev"}
