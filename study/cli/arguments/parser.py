"""argparse whose refusals are like all others here: one line, the rule, the value, the nearest valid one."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any, NoReturn

from results.errors import UserError, nearest
from study.terminal.screen import width


class Narrow(argparse.RawDescriptionHelpFormatter):
    """Help as wide as all other text: the terminal's width, at most WIDEST."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=width(sys.stdout) - 2)


class Parser(argparse.ArgumentParser):
    """Also for sub-commands, which argparse makes of the same class. Options are not guessed from their beginning."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, "formatter_class": Narrow, **kwargs})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse an unknown option where its command's options are known; the parser above could not name them."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            options = [option for option in self._option_string_actions if option.startswith("--")]
            word = unknown[0].partition("=")[0]
            known = nearest(word, options) if word[:1] == "-" else ": this command takes options only"
            self.error(f"unknown option '{word}'{known}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Raise UserError in the words of this project's refusals."""
        choice = re.fullmatch(r"argument (\S+): invalid choice: '(.*)' \(choose from (.*)\)", message, re.DOTALL)
        if choice:
            option, value, valid = choice.groups()
            what = "command" if option == "COMMAND" else f"{option.split('/')[-1]}:"
            message = f"unknown {what} '{value}'" if option == "COMMAND" else f"{what} unknown value '{value}'"
            message += nearest(value, re.findall(r"'([^']*)'", valid))
        raise UserError(re.sub(r"^argument (\S+): ", r"\1: ", message))
