"""`incident-hook crds` applies the definitions; `incident-hook uninstall` undoes all faults and lets everything go."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from datetime import timedelta

from pydantic import ValidationError

from incident_crds.client import ApiClient, ApiConfig, load_config
from incident_crds.environment import explain_settings
from incident_crds.errors import ApiError
from incident_operator.hooks.definitions import apply_definitions
from incident_operator.hooks.errors import HookFailed
from incident_operator.hooks.settings import HookSettings
from incident_operator.hooks.uninstall import Options, uninstall

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_TERMINATED = 128 + signal.SIGTERM


def main() -> int:
    """0 when done, 1 when something is in the way, 2 where it is set up wrongly, 143 when told to end before."""
    arguments = _parser().parse_args()
    try:
        settings = HookSettings()
        config = load_config()
    except ValidationError as error:
        for problem in explain_settings(error, "INCIDENTSIM_"):
            _complain(problem)
        return EXIT_USAGE
    except ApiError as error:
        _complain(str(error))
        return EXIT_USAGE
    try:
        asyncio.run(_run(arguments, settings, config))
    except (HookFailed, ApiError) as error:
        _complain(str(error))
        return EXIT_FAILED
    except asyncio.CancelledError:
        _complain("was told to end before it was done; running it again finishes it")
        return EXIT_TERMINATED
    return 0


async def _run(arguments: argparse.Namespace, settings: HookSettings, config: ApiConfig) -> None:
    work = asyncio.current_task()
    assert work is not None  # noqa: S101 - for the type checker: asyncio.run makes one
    # as the first process of a container it would not be ended by a signal that it does not handle
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    async with ApiClient(config) as client:
        if arguments.command == "crds":
            await apply_definitions(client, _tell)
            return
        options = Options(
            namespace=settings.namespace,
            deployment=arguments.operator_deployment,
            patience=timedelta(seconds=arguments.timeout),
            keep_counter=arguments.keep_counter,
        )
        await uninstall(client, options, _tell)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="incident-hook", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("crds", help="apply the CustomResourceDefinitions of this version, and wait for them")
    end = commands.add_parser("uninstall", help="undo every fault, stop the operator, let every object go")
    end.add_argument("--operator-deployment", default="incident-operator", metavar="NAME")
    end.add_argument(
        "--timeout",
        type=_seconds,
        default=120,
        metavar="SECONDS",
        help="longest time for the undo of all faults, and again for the operator's end (default: 120)",
    )
    end.add_argument(
        "--keep-counter", action="store_true", help="let a later installation number its incidents on from here"
    )
    return parser


def _seconds(text: str) -> int:
    seconds = int(text)
    if seconds < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return seconds


def _tell(line: str) -> None:
    print(line, flush=True)  # logs of a pod are read while it runs


def _complain(problem: str) -> None:
    print(f"incident-hook: {problem}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
