"""The group of all commands: errors that a user can mend become one line and status 2."""

import sys
from pathlib import Path
from typing import Any

import click

from ganprint import __version__
from ganprint.errors import InputError
from ganprint.params import Params, load_params
from ganprint.stages.places import Places

__all__ = ["main", "project"]


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"ganprint: {' '.join(str(error).split())}", err=True)
            sys.exit(2)


def project(ctx: click.Context) -> tuple[Places, Params]:
    """Give the places and the parameters of the project that the command was called for."""
    places = Places(ctx.obj)
    return places, load_params(places.params)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ganprint")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option(
    "-C",
    "--project",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Folder with params.yaml and dvc.yaml.  [default: this folder]",
)
@click.pass_context
def main(ctx: click.Context, *, debug: bool, folder: Path) -> None:
    """Tell which real images a generator was trained on, and what may be concluded from that.

    `dvc repro` (or `make repro`) calls the stages in their order: corpus, embed, compare, submit, evaluate, audit,
    track. Each is a command here and reads its parameters from params.yaml.

    \b
    Start with:
      ganprint profile            the profiles, and which one is in force
      dvc repro                   regenerate everything that is out of date
      ganprint summary            the table of all runs
      ganprint ui                 compare the runs in MLflow
    """
    del debug
    ctx.obj = folder
