"""argparse whose refusals are like all others here: one line, the rule, the value, the nearest valid one."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any, NoReturn

from results.errors import nearest


class Parser(argparse.ArgumentParser):
    """Also for sub-commands, which argparse makes of the same class. Options are not guessed from their beginning."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **kwargs})

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
        """Print one line and exit with code 2."""
        choice = re.fullmatch(r"argument (\S+): invalid choice: '(.*)' \(choose from (.*)\)", message, re.DOTALL)
        if choice:
            option, value, valid = choice.groups()
            what = "command" if option == "COMMAND" else f"{option.split('/')[-1]}:"
            message = f"unknown {what} '{value}'" if option == "COMMAND" else f"{what} unknown value '{value}'"
            message += nearest(value, re.findall(r"'([^']*)'", valid))
        kind = re.fullmatch(r"argument (\S+): invalid (\w+) value: '(.*)'", message, re.DOTALL)
        if kind:
            option, name, value = kind.groups()
            rule = {
                "int": "a whole number",
                "float": "a number",
                "positive": "a whole number, at least 1",
                "margin": "a number",
            }
            message = f"{option.split('/')[-1]} '{value}' is not {rule.get(name, f'a {name}')}"
        message = re.sub(r"^argument (\S+): ", r"\1: ", message)
        print(f"error: {' '.join(message.split())}", file=sys.stderr)
        sys.exit(2)
