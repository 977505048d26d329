"""The command line: `python -m orchestrator`."""

from __future__ import annotations

import sys

import structlog
import typer

from orchestrator.cli import accounts, bundling, looking, running, serving, testing, triggers
from orchestrator.cli.shared import FAILED, NOT_STARTED
from orchestrator.console import err, error_object, print_json
from orchestrator.errors import InvalidWorkflow, PatchbayError
from orchestrator.masking import mask

app = typer.Typer(
    help="Patchbay: run AI workflows.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
for command in (
    *(running.run, running.preview, running.approve, running.reject, running.answer),
    *(running.resume, running.rerun, running.cancel),
    *(looking.runs, looking.show, looking.compare, looking.validate, looking.schema, serving.serve),
):
    app.command()(command)
app.command("list")(looking.list_workflows)
app.command("test")(testing.replay_tests)
app.command("export")(bundling.export_bundle)
app.command("import")(bundling.import_bundle)
app.command("actions")(looking.list_actions)
app.add_typer(accounts.app, name="accounts")
app.add_typer(triggers.app, name="triggers")


def main() -> None:
    """Run the command line; what goes wrong is told in a sentence, or as JSON to whoever asked for that."""
    try:
        app()
    except PatchbayError as error:
        if "--json" in sys.argv:
            print_json({"error": error_object(error)})
        else:
            for said in error.problems if isinstance(error, InvalidWorkflow) else (error,):
                err.print(str(said), markup=False)
        sys.exit(NOT_STARTED)
    except Exception as error:
        structlog.get_logger().debug("unexpected", exc_info=True)
        err.print(
            mask(f"Something unexpected went wrong: {type(error).__name__}: {error}.")
            + " PATCHBAY_LOG_LEVEL=debug shows where; please report it.",
            markup=False,
        )
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
