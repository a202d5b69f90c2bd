"""A command that has commands of its own: `report STUDY` and `report serve STUDY`."""

from typing import Any

import click


class Both(click.Group):
    """Run the command that the first word names, or itself.

    A study whose folder has the name of such a command is written with its path: `report ./serve`.
    """

    allow_extra_args = False
    allow_interspersed_args = True

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **{"no_args_is_help": False, "subcommand_metavar": "", **settings})

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the command that is meant."""
        named = self.commands.get(args[0]) if args else None
        if named is None:
            return super().make_context(info_name, args, parent, **extra)
        return named.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments as those of a command without others."""
        return click.Command.parse_args(self, ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run what the context is of."""
        return click.Command.invoke(self, ctx) if ctx.command is self else ctx.command.invoke(ctx)
