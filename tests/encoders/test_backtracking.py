import pytest

from xalign.encoders.backtracking import backtracks

# Of GPT-2, GPT-4 (two forms), GPT-4o, DeepSeek, BLOOM and CLIP, and of normalizers.
PUBLISHED = [
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{M}]*[\p{Ll}\p{Lm}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|\s+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*",
    r" ?[^(\s|[.,!?…。,、।۔،])]+",
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    r" {2,}",
    r"(?<=[^_\s])_(?=[^_\s])",
    r"(?=(\d{3})+(?!\d))",
    r"[]^]+x",
    "",
]


@pytest.mark.parametrize("pattern", PUBLISHED)
def test_patterns_of_published_tokenizers_are_taken(pattern):
    assert not backtracks(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|a)*$",
        "(?:a|aa)+$",
        "((a+))+x",
        "([a-z]+)*$",
        "(?=(a+)+)b",
        "(?:(?:a{2,}))*",
        "(a{1,9}){1,9}",
        "(a{500}){500}",
        "(a?){50}b",
        "a?" * 30 + "a" * 30,
        "(a|b)" * 30 + "c",
        "a*a*a*b",
        "(.*a){20}",
    ],
)
def test_patterns_that_repeat_what_varies_are_not(pattern):
    assert backtracks(pattern)


@pytest.mark.parametrize("pattern", [r"(a)\1", r"(?<n>a\g<n>?)", r"(?~a)", r"(?(1)a|b)", "(a", "a)"])
def test_what_cannot_be_judged_is_not_taken(pattern):
    assert backtracks(pattern)
