"""The command that takes over weights which Keras publishes."""

# ruff: noqa: PLC0415

from pathlib import Path

import click

from ganprint.cli.group import main


@main.command("convert-keras")
@click.argument("source", metavar="FILE.h5", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--out",
    "target",
    metavar="FILE.safetensors",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write.",
)
@click.option("--accept-hash", metavar="SHA256", help="Take a file of this hash though Keras does not publish it.")
def convert_keras(source: Path, target: Path, accept_hash: str | None) -> None:
    """Convert Keras' published ResNet weights, the ones of the paper, for the backbones keras-resnet50, -101 and -152.

    The file is checked against the hashes that Keras publishes before it is opened.

    \b
    Examples:
      ganprint convert-keras resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5 --out data/keras-resnet50.safetensors
    """
    from ganprint.embed.keras_conversion import convert_keras
    from ganprint.files import sha256_of

    weights = convert_keras(source, target, accept_hash)
    click.echo(f"{source.name}: {weights.published or 'not published by Keras, accepted by its hash'}")
    click.echo(f"  MD5 {weights.md5}, SHA-256 {weights.sha256}")
    click.echo(f"{target}: backbone {weights.network}, {len(weights.state)} tensors, SHA-256 {sha256_of(target)}")
    click.echo(f"In params.yaml: backbone: {weights.network}, weights: file:{target}")
