"""``ecas``: finds the command, runs it, and turns whatever happens into an exit code and one clear sentence."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from canonical.errors import EcasBridgeError
from canonical.version import __version__
from service import last_words
from service.audit.acting import by_hand
from service.reports.run import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Every command and what it does, in the order of use. The module of the same name holds it as ``command``.
COMMANDS: Final = {
    "validate": "Check assessments, and say where each fault is and how to mend it.",
    "map": "Write the state's document for each assessment.",
    "why": "Tell where each answer came from, or why there is none.",
    "fix": "Mend mechanical faults in the file itself, where the answer is certain.",
    "mapping": "Draft an agency's mapping from a sample, check it, and run its cases.",
    "spec": "List, show, verify and seal specification packages.",
    "keys": "Check certification keys, and keep the roster of assessors.",
    "agencies": "Add agencies, and give them API keys or take them away.",
    "clients": "Register vendors' clients, and say for which agencies they act.",
    "webhooks": "Tell agencies' endpoints when their submissions change.",
    "serve": "Take submissions over HTTP.",
    "submit": "Hand payloads to the service.",
    "watch": "Hand to the service what is dropped into a folder, and put a result beside each file.",
    "status": "Show where submissions stand, and why.",
    "hold": "Let a submission wait for a person.",
    "release": "Let a held submission go on, on a person's word.",
    "cancel": "Give up a submission that has not left.",
    "void": "Withdraw a document, by a submission behind it.",
    "correct": "Send a payload in the place of what was sent.",
    "resolve": "Decide about what is stuck.",
    "replay": "Let what waits go again, at a pace.",
    "consent": "Record what a member's consent covers, or that it is withdrawn.",
    "part_two": "Show and set which programmes 42 CFR Part 2 protects.",
    "routes": "Show and set which way the assessments of an agency go.",
    "handoffs": "Show and close what people enter in the Virtual Gateway.",
    "reconcile": "Compare what the Virtual Gateway holds with what is here.",
    "worksheet": "Print the sheet to enter an assessment from.",
    "deadlines": "Show what is overdue, what will be late, and what holds it up.",
    "work": "Deliver what is due.",
    "road": "Show whether anything may leave, and why not.",
    "pause": "Let nothing leave, or nothing of an agency or a programme.",
    "resume": "End a pause.",
    "sandbox": "Run a state endpoint of our own.",
    "demo": "Deliver the samples to a sandbox, and show what became of each.",
    "database": "Prepare a PostgreSQL database: its schema, and the role of the service.",
    "audit": "Show who did what, and check that nobody altered it.",
    "vault": "Show how the keys stand, and replace them.",
    "erase": "Erase a submission, or everything of a child.",
    "retention": "Show and erase what is over its time; place and lift legal holds.",
    "backup": "Take a backup while the service works, and check it.",
    "restore": "Restore a backup, and ask the state before anything is sent from it.",
    "ready": "Say whether the service answers and takes submissions.",
    "doctor": "Look at the deployment, and say how to mend what is wrong.",
}
#: Those that go on until they are told to stop.
_AT_WORK: Final = frozenset({"serve", "work", "watch"})
#: What a shell reports for a process that SIGPIPE or SIGINT ended.
_PIPE_CLOSED: Final = 141
_INTERRUPTED: Final = 130
#: Python's own 700 would stop for a look every few milliseconds while the classes of FHIR are built.
_OBJECTS_BEFORE_A_COLLECTION: Final = 50_000
#: The folder of our own packages.
_ROOT: Final = Path(__file__).parents[2]


class Commands(click.Group):
    """The commands by name, without importing any that was not asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of use."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; what an import makes is no garbage, so the collector does not look for any in it."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        gc.disable()
        command = import_module(f"service.cli.{cmd_name}").command
        gc.freeze()
        gc.set_threshold(_OBJECTS_BEFORE_A_COLLECTION)
        gc.enable()
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the list for ``--help`` from the table alone."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExample:\n  ecas validate export.csv --roster roster.csv",
)
@click.version_option(__version__, prog_name="ecas")
def ecas() -> None:
    """Validate CANS assessments, map them to the eCAS specifications, and deliver them.

    Exit codes: 0 clean, 1 findings, 2 wrong usage or configuration, 3 could not check, 4 our own fault.
    """


def run() -> NoReturn:
    """Run the command of this process and end it.

    The process ends at once: everything that must be closed has been, and taking the interpreter apart in order would
    take longer than judging an assessment (50 ms, measured).
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # libraries' warnings may quote what they were given
    _open_closed()
    last_words.told_by(_last_word)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # no package may watch records being read
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no fault
    code = outcome()
    sys.stderr.flush()
    os._exit(code)


def _open_closed() -> None:
    """Give standard streams that were closed (``>&-``) to nobody, lest a file of ours is opened in their place."""
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - standard error
        os.set_inheritable(spare, True)  # noqa: FBT003 - its only form
    os.close(spare)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8")
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")


def outcome(arguments: Sequence[str] | None = None) -> int:
    """Run one command (this process's own unless told otherwise) and return its exit code.

    The only place where everything is caught.
    """
    code: int
    try:
        # Not ecas.main(): it would turn a closed pipe into exit code 1, which means findings here.
        given = list(sys.argv[1:] if arguments is None else arguments)
        with ecas.make_context("ecas", given) as context, _by_hand(given):
            code = ecas.invoke(context) or Exit.CLEAN
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        message, code = _usage(error), Exit.USAGE
    except EcasBridgeError as error:
        message, code = f"ecas: {error}", error.exit_code
    except BrokenPipeError:
        return _PIPE_CLOSED
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except OSError as error:
        message, code = f"ecas: The operating system refused: {error.strerror or type(error).__name__}.", Exit.USAGE
    except Exception as error:  # noqa: BLE001 - the outermost frame: our own fault, told without any value
        message, code = _own_fault(error), Exit.OURS
    else:
        return code
    sys.stderr.write(f"{message}\n")
    return code


def _by_hand(arguments: Sequence[str]) -> AbstractContextManager[None]:
    """Let what a command does be the deed of the person who typed it; a server and a worker name who is at work."""
    name = next((one for one in arguments if one in COMMANDS), "")
    return nullcontext() if name in _AT_WORK else by_hand(f"ecas {name}")


def _usage(error: click.ClickException) -> str:
    """Say what is wrong with the command, and where its help is."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "ecas"
    return f"{path}: {error.format_message()} See '{path} --help'."


def _last_word(error: BaseException | None) -> None:
    """Tell of an error that nobody caught, in a thread or at the end of an object, as of any other of ours."""
    sys.stderr.write(f"{_own_fault(error or RuntimeError())}\n")


def _own_fault(error: BaseException) -> str:
    """Name the kind of the fault and our own innermost frame: a message or a traceback could hold a value."""
    where, trace = "an unknown place", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if Path(code.co_filename).is_relative_to(_ROOT):
            where = f"{Path(code.co_filename).relative_to(_ROOT)}:{trace.tb_lineno}, in {code.co_name}"
        trace = trace.tb_next
    return f"ecas: {type(error).__name__} at {where}. This is a fault of ecas-bridge {__version__}, not of your data."
