"""Where keys are read: a file, a variable, a systemd credential, or what a command prints. No text of it is quoted."""

import os
import signal
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Final

from driftd.adapters.vault.keyring import Keyring, read_text
from driftd.config.model import VaultConfig
from driftd.errors import ConfigError, Mistake

LARGEST: Final = 65_536
"""Bytes of a file, or of what a command prints."""
SECONDS: Final = 30.0
"""That a command may take."""


def read_keys(vault: VaultConfig, seconds: float = SECONDS) -> Keyring:
    """Return the keys; none where the configuration names no place. A command is given so many seconds.

    Raises `ConfigError` naming the setting and the next step, never what stands there.
    """
    try:
        text = _text(vault, seconds)
        return Keyring() if text is None else read_text(text)
    except UnicodeDecodeError:
        raise _mistake(vault, "holds no text") from None
    except ValueError as error:
        raise _mistake(vault, f"{error}: `driftd keys generate` makes a key") from None
    except _UnusableError as error:
        raise _mistake(vault, str(error)) from None


class _UnusableError(Exception):
    """Why a place cannot be read, and the next step."""


def _text(vault: VaultConfig, seconds: float) -> str | None:
    if vault.key_file is not None:
        return _of_file(vault.key_file)
    if vault.key_env is not None:
        return _of_variable(vault.key_env)
    if vault.key_credential is not None:
        return _of_credential(vault.key_credential)
    return _of_command(vault, seconds) if vault.key_command else None


def _of_file(path: Path) -> str:
    content, status = _content(path, "put it back, or run `driftd keys generate` where there was none")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise _UnusableError(f'may be read by others: run "chmod 600 {path}"')
    if status.st_uid not in (os.geteuid(), 0):
        raise _UnusableError("belongs to another user: give it to the user that runs driftd")
    return content.decode()


def _of_variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise _UnusableError("is not set: export it in driftd's environment")
    return value


def _of_credential(name: str) -> str:
    """Read what systemd hands over: it guards the folder, which is its service's alone, whoever the files belong to."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise _UnusableError(f"is not to be had: start driftd by systemd, with LoadCredentialEncrypted={name}:…")
    return _content(Path(folder) / name, f"add LoadCredentialEncrypted={name}:… to the unit")[0].decode()


def _content(path: Path, create: str) -> tuple[bytes, os.stat_result]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe without writer does not hold us
    except FileNotFoundError:
        raise _UnusableError(f"does not exist: {create}") from None
    except (OSError, ValueError) as error:
        raise _UnusableError(f"cannot be read ({_why(error)}): let driftd's user read it") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise _UnusableError("is no regular file: give one of keys")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _UnusableError(f"is longer than {LARGEST:,} bytes: give a file of keys")
    return content, status


def _of_command(vault: VaultConfig, seconds: float) -> str:
    """Return what a command prints. Variables that hold secrets of tenants are none of its business."""
    by_hand = "run it by hand to see why"
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator's own
            vault.key_command,
            env={name: value for name, value in os.environ.items() if name not in vault.hidden},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it may say anything
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise _UnusableError(
            f"cannot be run ({_why(error)}): give the program's whole path, and its arguments"
        ) from None
    late = Timer(seconds, _kill, [process])
    late.start()
    try:
        with process:
            printed = process.stdout.read(LARGEST + 1) if process.stdout else b""
            if len(printed) > LARGEST:
                _kill(process)
    finally:
        timely = late.is_alive()
        late.cancel()
        late.join()
    if len(printed) > LARGEST:
        raise _UnusableError(f"prints more than {LARGEST:,} bytes: have it print keys alone")
    if not timely:
        raise _UnusableError(f"takes longer than {seconds:g} s: {by_hand}")
    if process.returncode:
        raise _UnusableError(f"ends with exit code {process.returncode}: {by_hand}")
    return printed.decode()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a command and what it started; not whoever has its number later."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or "no such path"


def _mistake(vault: VaultConfig, what: str) -> ConfigError:
    name = vault.named
    shown = {"key_file": "file", "key_env": "variable", "key_credential": "credential", "key_command": "command"}[name]
    value = vault.key_command[0] if name == "key_command" else getattr(vault, name)
    return ConfigError([Mistake(f"vault.{name}", f'the {shown} "{value}" {what}')])
