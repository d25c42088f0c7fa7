"""The group of all commands: errors that a user can mend become one line and status 2."""

# ruff: noqa: PLC0415

import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from ganprint import __version__
from ganprint.errors import InputError
from ganprint.params import Params, load_params
from ganprint.stages.places import Places

__all__ = ["main", "project"]

_DEFAULT = click.core.ParameterSource.DEFAULT


class _Command(click.Command):
    """Records how long a command of the pipeline took, once it ended well."""

    def invoke(self, ctx: click.Context) -> Any:
        started = perf_counter()
        result = super().invoke(ctx)
        words = self._words(ctx)
        if words is not None:
            from ganprint.stages.times import record_time

            record_time(Places(ctx.obj), " ".join(words), perf_counter() - started)
        return result

    def _words(self, ctx: click.Context) -> list[str] | None:
        """Give the command as dvc.yaml has it; ``None`` when it is none of the pipeline's."""
        from ganprint.stages.times import TIMED

        words = [str(ctx.info_name)]
        if words[0] not in TIMED:
            return None
        for parameter in self.params:
            value = ctx.params.get(str(parameter.name))
            if isinstance(value, tuple) and len(value) > 1:
                # dvc.yaml has a stage for each of them, and none for all.
                return None
            if isinstance(parameter, click.Argument):
                words += (
                    [] if value is None else [str(one) for one in (value if isinstance(value, tuple) else (value,))]
                )
            elif value is True:
                words.append(parameter.opts[0])
            elif value not in (None, False) and ctx.get_parameter_source(str(parameter.name)) != _DEFAULT:
                return None
        return words


class _Group(click.Group):
    command_class = _Command

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
      ganprint inspect --help     folders of images of your own, without labels and without a pipeline
    """
    del debug
    ctx.obj = folder
