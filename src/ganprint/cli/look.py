"""Commands that show finished results and what there is to choose from."""

# ruff: noqa: PLC0415

import click

from ganprint.cli.group import main, project
from ganprint.stages.places import Places


@main.command()
@click.pass_context
def summary(ctx: click.Context) -> None:
    """Print the table of all runs, and whether the submissions are those of the last commit.

    \b
    Example:
      ganprint summary
    """
    from ganprint.stages.audit import print_lines

    for line in print_lines(*project(ctx)):
        click.echo(line)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Port on loopback.")
@click.pass_context
def ui(ctx: click.Context, port: int) -> None:
    """Open the MLflow UI on loopback.

    \b
    Example:
      ganprint ui --port 5001
    """
    from ganprint.stages.ui import serve

    serve(Places(ctx.obj), port, click.echo)


@main.command()
def comparators() -> None:
    """List the registered comparators and their parameters.

    \b
    Example:
      ganprint comparators
    """
    from ganprint.compare.protocol import registry

    for (name, variant), comparator in registry().items():
        title = (comparator.__doc__ or "").strip().split("\n", 1)[0]
        click.echo(f"{name} {variant}: {title}")
        for parameter, field in comparator.Parameters.model_fields.items():
            click.echo(f"    {parameter} = {field.get_default(call_default_factory=True)}")
