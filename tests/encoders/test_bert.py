from sameness import assert_states_equal_transformers, pairs, sentences


def test_states_are_those_of_transformers(encoder, tiny):
    loaded = encoder("bert")
    assert_states_equal_transformers(loaded, tiny("bert"), sentences(loaded))
    assert_states_equal_transformers(loaded, tiny("bert"), pairs(loaded))


def test_segments_mark_the_target_side(encoder, tiny):
    loaded = encoder("bert", segments=True)
    batch = pairs(loaded)
    assert_states_equal_transformers(loaded, tiny("bert"), batch, token_type_ids=batch.sides)


def test_a_pair_is_put_together_as_the_tokenizer_does(encoder):
    loaded = encoder("bert")
    assert pairs(loaded).ids.tolist() == [
        loaded.tokenizer("Das Haus ist klein", "The house behind the garden is small")["input_ids"]
    ]
