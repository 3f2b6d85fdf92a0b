"""Options on the command line: parsers made from `Options` dataclasses, and errors on one line."""

import argparse
import sys
from collections.abc import Sequence

from spex.errors import nearest, visible
from spex.options import TRUTH, options_in

PUBLISHED = {
    "genes": "genes_filename",
    "genome": "genome_filename",
    "network": "beluga_model_filename",
    "maps": "mcool_filename",
    "expression": "gene_expression_filename",
    "chromatin_features": "features_filename",
    "cache": "pred_cache_folder",
    "no_cache": "no_pred_cache",
    "rule": "contact_rule",
    "resolution": "hic_resolution",
    "device": "compute_platform",
    "parameters": "params",
    "targets": "target",
    "fit": "predict",
    "remainder": "reminder",
    "credentials": "google_sheets_credentials_filename",
    "spreadsheet_id": "google_spreadsheet_id",
}
"""Options that the published scripts spell in another way. Every command takes both spellings and shows one."""

SHOWN = {"targets": "target"}
"""Options that every command spells in another way than the library."""

SCRIPTS = {
    "tensors": "python tensors.py",
    "train": "python train.py",
    "resources": "python -m spex.resources",
}
"""How users of the published scripts call commands."""

EXTRA = {"maps": ("contacts_filename",), "whole_chromosome_fallback": ("narrow_draw",)}
"""Further spellings that are taken and not shown."""


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the defaults that say something, and names the values of a list once."""

    def __init__(self, prog, **more):
        super().__init__(prog, **{"max_help_position": 32, **more})

    def _format_args(self, action, default_metavar):
        if action.nargs == "+":
            return f"{self._metavar_formatter(action, default_metavar)(1)[0]} ..."
        return super()._format_args(action, default_metavar)

    def _get_help_string(self, action):
        return action.help if action.default in (None, [], "", False) else super()._get_help_string(action)


class _HelpAll(argparse.Action):
    """Prints the help with the rarer options."""

    def __call__(self, parser, namespace, values, option_string=None):
        parser.show_all()
        parser.print_help()
        parser.exit()


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors take one line, and whose options may be written with - or _.

    published: whether options are shown in the spelling of the published scripts. example: of a command line, without
    the program's name. passes_on: whether arguments after -- are kept as `words`, for another program. others: how
    arguments of the library are shown that are no options here, from their names.
    """

    def __init__(self, prog, description="", *, published=False, example="", passes_on=False, others=None, **more):
        usual = {"epilog": example and f"example: {prog} {example}", "formatter_class": _Formatter}
        super().__init__(prog=prog, description=description, allow_abbrev=False, **(usual | more))
        self.passes_on, self._others = passes_on, others or "--{}".format
        self.published, self._spellings, self._rare = published, {}, []

    def options(self, title, owner, *names, hidden=False, **changes):
        """Add options of an Options class as a group.

        title: of the group. names: of some of the options, all without any. hidden: whether they are taken without a
        mention in the help, where they have no effect. changes: to the arguments of argparse.
        """
        self.add(self.group(title), owner, *names, hidden=hidden, **changes)

    def group(self, title):
        """The group of that title, made when it is not there."""
        known = {group.title: group for group in self._action_groups}
        return known.get(title) or self.add_argument_group(title)

    def add(self, group, owner, *names, hidden=False, **changes):
        """Add options of an Options class to a group; the rest as of `options`."""
        known = options_in(owner)
        for name in names or known:
            said, default = known[name]
            default = list(default) if isinstance(default, tuple) else default  # which argparse can extend
            shown = argparse.SUPPRESS if hidden else said.help.replace("%", "%%")
            argument = {"dest": name, "default": default, "help": shown, **_argument(said, default), **changes}
            action = group.add_argument(f"--{self.spelling(name)}", **argument)
            for other in (name, PUBLISHED.get(name, name), *EXTRA.get(name, ())):
                self._spellings.setdefault(other, self.spelling(name))
            if said.rare and not hidden:
                self.make_rare(action)

    def whole(self):
        """The parsers of its subcommands, or itself where it has none."""
        subparsers = [action for action in self._actions if isinstance(action, argparse._SubParsersAction)]
        return [*subparsers[0].choices.values()] if subparsers else [self]

    def make_rare(self, action):
        """Show an option in the long help alone."""
        if not self._rare:
            self.add_argument("--help_all", nargs=0, action=_HelpAll, help="show this and the rarer options, and stop")
        self._rare.append((action, action.help))
        action.help = argparse.SUPPRESS

    def show_all(self):
        """Show the rarer options too."""
        for action, shown in self._rare:
            action.help = shown

    def format_usage(self):
        self.usage = self.usage or self._short_usage()
        return super().format_usage()

    def format_help(self):
        self.usage = self.usage or self._short_usage()
        return super().format_help()

    def _short_usage(self):
        """What has to be given; the options are listed below it."""
        words = [self.prog]
        for action in self._actions:
            shown = action.metavar or action.dest.upper()
            if not action.option_strings:
                words.append({"?": f"[{shown}]", "*": f"[{shown} ...]", "+": f"{shown} ..."}.get(action.nargs, shown))
            elif action.required:
                words.append(f"{action.option_strings[0]} {shown}")
        return " ".join([*words, "[options]"])

    def spelling(self, name):
        """How an option is shown, without dashes."""
        return PUBLISHED.get(name, name) if self.published else SHOWN.get(name, name)

    def spell(self, name):
        """How a user of this command knows an argument of the library, or another command."""
        if name.startswith("spex "):
            return name if self.prog.startswith("spex ") else _by_script(*name.split())
        action = next((each for each in self._actions if each.dest == name), None)
        if action is None:
            return self._others(self.spelling(name))
        return action.option_strings[0] if action.option_strings else action.metavar or name

    def error(self, message):
        """End with one line, which offers the nearest option where one was not known."""
        unknown = message.removeprefix("unrecognized arguments: ") if "unrecognized" in message else ""
        near = self._nearest(unknown.split()[0]) if unknown.startswith("--") else None
        offer = f", did you mean {near}?" if near else ""
        self.exit(2, f"{self.prog}: error: {visible(message)}{offer} (see {self.prog} --help)\n")

    def _nearest(self, unknown):
        """The option, or value of one, that is spelled most like an unknown option, or begins with it; None without."""
        wanted = unknown.lstrip("-").partition("=")[0].replace("-", "_")
        options = self._option_string_actions.items()
        spellings = {str(choice): f"{option} {choice}" for option, action in options for choice in action.choices or ()}
        spellings |= {option[2:]: option for option, _ in options}
        spellings |= {text: f"--{shown}" for text, shown in self._spellings.items()}
        near = nearest(wanted, spellings, cutoff=0.7)
        near = near or sorted((text for text in spellings if text.startswith(wanted)), key=len)[:1]
        return spellings[near[0]] if near else None

    def parse_known_args(self, args=None, namespace=None):
        """As argparse's, with one attribute more: `given`, the options that were not left to their defaults."""
        args, behind = self._as_shown(sys.argv[1:] if args is None else args)
        args += [] if self.passes_on else behind
        parsed, rest = super().parse_known_args(args, namespace)
        unset = argparse.Namespace(**dict.fromkeys(vars(parsed)))  # argparse sets a default where no attribute is
        found, _ = super().parse_known_args(args, unset)
        parsed.given = frozenset(name for name, value in vars(found).items() if value is not None)
        if self.passes_on:
            parsed.words = behind[1:]
        return parsed, rest

    def _as_shown(self, args: Sequence[str]):
        """The arguments of a command line with every option spelled as it is shown, and those from -- on."""
        end = list(args).index("--") if "--" in args else len(args)
        words, behind = list(args[:end]), list(args[end:])
        for place, word in enumerate(words):
            if word.startswith("--"):
                name, equals, value = word[2:].partition("=")
                plain = name.replace("-", "_")
                plain = self._spellings.get(plain, plain)
                if f"--{plain}" in self._option_string_actions:
                    words[place] = f"--{plain}{equals}{value}"
        return words, behind


def _by_script(program, name, *options):
    """A command line of the program as users of the published scripts give it."""
    return " ".join([SCRIPTS.get(name, f"{program} {name}"), *options])


def _argument(said, default):
    """Arguments of argparse for an option."""
    kind = said.kind
    if kind is TRUTH:
        return {"action": "store_true"}
    argument = {"metavar": said.metavar, "choices": kind.choices, "type": typed(kind.item or kind)}
    if kind.item is not None:
        argument |= {"nargs": "+"} | ({} if default else {"action": "extend"})
    return argument


def typed(kind):
    """An argument type of argparse for a Kind."""

    def parse(text):
        try:
            return kind.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    parse.kind = kind
    return parse


def chosen(owner, args, **more):
    """An Options object of what the command line says. more: options that it does not have there."""
    names = [name for name in options_in(owner) if hasattr(args, name) and name not in more]
    return owner(**{name: getattr(args, name) for name in names}, **more)
