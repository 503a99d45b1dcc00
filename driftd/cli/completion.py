"""``driftd completion``: what the shell needs to complete driftd's commands."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    For bash, put  eval "$(driftd completion bash)"  into your .bashrc.
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f'no completion for "{shell}"')
    click.echo(found(ctx.find_root().command, {}, "driftd", "_DRIFTD_COMPLETE").source())
