"""Writes a transformers XLM-R as fairseq published its own, by the names in fairseq's published modules."""

from __future__ import annotations

import argparse
from pathlib import Path

import sentencepiece
import torch

PARTS = {
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "self_attn_layer_norm",
    "intermediate.dense": "fc1",
    "output.dense": "fc2",
    "output.LayerNorm": "final_layer_norm",
}
PROJECTIONS = ("query", "key", "value")


def save_fairseq(source: Path, folder: Path, *, prefix: str, fused: bool) -> None:
    """`source`: a folder with an XLM-R and its sentencepiece model."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(source)
    weights = {f"{prefix}.{name}": tensor for name, tensor in fairseq_weights(model, fused).items()}
    if prefix == "encoder":  # fairseq 0.10 renamed this one, too
        weights = {name.replace("emb_layer_norm", "layernorm_embedding"): weights[name] for name in weights}
    arguments = argparse.Namespace(
        arch="roberta_base", encoder_attention_heads=model.config.num_attention_heads
    )
    torch.save({"args": arguments, "model": weights, "extra_state": {"epoch": 1}}, folder / "model.pt")
    pieces = (source / "sentencepiece.bpe.model").read_bytes()
    (folder / "sentencepiece.bpe.model").write_bytes(pieces)
    (folder / "dict.txt").write_text(dictionary(pieces), encoding="utf-8")


def fairseq_weights(model, fused: bool) -> dict[str, torch.Tensor]:
    state = model.state_dict()
    embeddings = {
        "sentence_encoder.embed_tokens.weight": state["embeddings.word_embeddings.weight"],
        "sentence_encoder.embed_positions.weight": state["embeddings.position_embeddings.weight"],
        "sentence_encoder.emb_layer_norm.weight": state["embeddings.LayerNorm.weight"],
        "sentence_encoder.emb_layer_norm.bias": state["embeddings.LayerNorm.bias"],
        # What the encoder does not use: a mark of the layout, and the head.
        "sentence_encoder.version": torch.tensor([1.0]),
        "lm_head.weight": state["embeddings.word_embeddings.weight"],
        "lm_head.bias": torch.zeros(len(state["embeddings.word_embeddings.weight"])),
    }
    weights = dict(embeddings)
    for number in range(model.config.num_hidden_layers):
        ours, theirs = f"encoder.layer.{number}", f"sentence_encoder.layers.{number}"
        for kind in ("weight", "bias"):
            projections = [state[f"{ours}.attention.self.{name}.{kind}"] for name in PROJECTIONS]
            if fused:
                weights[f"{theirs}.self_attn.in_proj_{kind}"] = torch.cat(projections)
            else:
                for name, tensor in zip("qkv", projections, strict=True):
                    weights[f"{theirs}.self_attn.{name}_proj.{kind}"] = tensor
            for part, name in PARTS.items():
                weights[f"{theirs}.{name}.{kind}"] = state[f"{ours}.{part}.{kind}"]
    return weights


def dictionary(pieces: bytes) -> str:
    """Every piece but sentencepiece's own <unk>, <s>, </s>, each with a count that means nothing."""
    model = sentencepiece.SentencePieceProcessor(model_proto=pieces)
    return "".join(f"{model.id_to_piece(number)} 1\n" for number in range(3, len(model)))
