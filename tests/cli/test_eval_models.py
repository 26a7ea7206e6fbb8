"""`xalign eval` of models: the text is aligned first."""

from eval_runs import run, scores


def test_every_layer_is_scored_in_one_pass(gold, text, tiny, monkeypatch):
    from xalign.encoders.base import Encoder

    passes = []
    encode = Encoder.encode
    monkeypatch.setattr(Encoder, "encode", lambda self, *args: passes.append(args) or encode(self, *args))
    model = ["--model", tiny("preset"), "--dtype", "float32", "--format", "json"]
    found = scores(run("--gold", gold, *text, *model, "--layers", "all"))["results"]
    assert [(row["name"], row["layer"]) for row in found] == [(f"layer {layer}", layer) for layer in range(5)]
    for_all, _ = len(passes), passes.clear()
    alone = scores(run("--gold", gold, *text, *model, "--layer", 2))
    assert for_all == len(passes)
    assert {**alone, "name": "layer 2"} == {key: found[2][key] for key in alone}


def test_every_layer_is_compared_with_the_best(gold, text, tiny):
    model = ["--model", tiny("preset"), "--format", "json", "--layers", "all"]
    found = scores(run("--gold", gold, *text, *model))["results"]
    best = min(found, key=lambda row: row["aer"])
    assert {row["test"]["against"] for row in found if row is not best} == {best["name"]}
    assert "test" not in best


def test_models_are_compared_on_the_same_gold(gold, text, tiny):
    models = [word for family in ("xlm-roberta", "bert") for word in ("--model", tiny(family))]
    found = run("--gold", gold, *text, *models, "--layer", 2, "--format", "json")
    first, second = scores(found)["results"]
    assert [first["model"], second["model"]] == ["xlm-roberta", "bert"]
    assert second["test"]["against"] == first["name"] == "xlm-roberta"
    alone = scores(run("--gold", gold, *text, *models[2:], "--layer", 2, "--format", "json"))
    assert alone == {key: second[key] for key in alone}


def test_layers_of_several_models_are_named_after_both(gold, text, tiny):
    models = [word for family in ("xlm-roberta", "bert") for word in ("--model", tiny(family))]
    found = scores(run("--gold", gold, *text, *models, "--layers", "1,2", "--format", "json"))["results"]
    expected = ["xlm-roberta layer 1", "xlm-roberta layer 2", "bert layer 1", "bert layer 2"]
    assert [row["name"] for row in found] == expected
    found = scores(run("--gold", gold, *text, *models, "--layers", "1", "--format", "json"))["results"]
    assert [row["name"] for row in found] == ["xlm-roberta", "bert"]


def test_a_score_does_not_depend_on_the_processor(gold, text, tiny):
    assert "dtype" not in run("--gold", gold, *text, "--model", tiny("preset")).stdout
    assert (
        "|dtype:bfloat16|"
        in run("--gold", gold, *text, "--model", tiny("preset"), "--dtype", "bfloat16").stdout
    )


def test_a_model_without_a_layer_of_its_own_can_be_asked_for_several(gold, text, tiny):
    options = ["--gold", gold, *text, "--model", tiny("xlm-roberta")]
    assert "give --layer" in run(*options).stderr
    assert run(*options, "--layers", "1,3").stdout.count("\nlayer ") == 2 + 1  # and a comparison


def test_the_signature_names_what_was_set_otherwise(gold, text, tiny):
    model = ["--model", tiny("preset"), "--dtype", "float32", "--encode", "pair", "--similarity", "cosine"]
    extract = ["--extract", "softmax", "--threshold", "0.25"]
    assert run("--gold", gold, *text, *model, *extract).stdout.splitlines()[-1] == (
        "AER|model:tiny|layer:4|extract:softmax|level:subword|similarity:cosine|threshold:0.25"
        "|gold:sure+possible|v:0.1.0"
    )


def test_the_signature_names_the_usual_threshold_of_another_method(gold, text):
    def signature(*options):
        return run("--gold", gold, *text, "--model", "mini", *options).stdout.splitlines()[-1]

    assert "threshold" not in signature()
    assert "|extract:softmax|level:word|threshold:0.001|" in signature("--extract", "softmax")
    assert "threshold" not in signature("--extract", "argmax")


def test_the_layer_of_the_preset_scores_alike_with_layers_and_without(gold, text, tmp_path):
    options = ["--gold", gold, *text, "--model", "mini", "--plot"]
    figures = [tmp_path / "usual.png", tmp_path / "layers.png"]
    assert run(*options, figures[0]).stdout == run(*options, figures[1], "--layers", "3").stdout
    assert figures[0].read_bytes() == figures[1].read_bytes()


def test_of_several_models_the_one_without_a_layer_is_named(gold, text, tiny):
    result = run("--gold", gold, *text, "--model", tiny("preset"), "--model", tiny("bert"))
    assert result.exit_code == 2
    assert "it is not known which layer of bert aligns best" in result.stderr
