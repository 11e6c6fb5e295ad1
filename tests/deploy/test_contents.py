"""The command's table of contents: it says what its commands say, and imports nothing of a service to say it."""

import inspect
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from deploy.cli import COMMANDS, app, loaded

HEAVY = {"aiokafka", "faststream", "pymongo", "fastapi", "services", "holidays"}
ASKED = "import sys; sys.argv[1:] = ['--help']\nfrom deploy.cli import app\ntry: app()\nexcept SystemExit: pass\nprint(*sys.modules)"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_line_leads_to_its_command_and_says_what_that_says(name):
    command, line = loaded(name), COMMANDS[name][1]
    is_whole = hasattr(command, "commands")
    assert name != command.name if is_whole else name == command.name
    assert (command.help if is_whole else inspect.cleandoc(command.callback.__doc__)).startswith(line.removesuffix("."))
    assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0


def test_what_is_not_in_the_table_is_wrong_usage():
    ended = CliRunner().invoke(app, ["nonsense"])
    assert ended.exit_code == 2 and "nonsense" in ended.output


def test_help_imports_none_of_what_the_commands_need():
    told = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, timeout=60, check=True).stdout
    assert all(line in told for line in ("partner", "quarantine"))
    assert not HEAVY & {module.partition(".")[0] for module in told.splitlines()[-1].split()}
