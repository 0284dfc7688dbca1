"""Compares Python files before and after a fix: their syntax trees may differ only where an edit stands.

Reads JSON lines {"name", "before", "after", "edits": [[start, end], ..]} with texts as UTF-8 and edits in bytes of `before`;
writes a line for each fault.
"""
import ast
import builtins
import json
import sys
import warnings

warnings.simplefilter("ignore")


class Compared:
    def __init__(self, case):
        self.name, self.edits = case["name"], case["edits"]
        self.before, self.after = case["before"], case["after"]
        starts, at = [], 0
        for line in self.before.encode().splitlines(keepends=True):
            starts.append(at)
            at += len(line)
        self.starts = starts + [at]
        self.faults = []

    def touched(self, node):
        """An edit stands within the node, or touches it."""
        first = min([node, *getattr(node, "decorator_list", [])], key=lambda it: (it.lineno, it.col_offset))
        start = self.starts[first.lineno - 1] + first.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        return any(left <= end and right >= start for left, right in self.edits)

    def differ(self, node, words):
        self.faults.append(f"{self.name}:{getattr(node, 'lineno', 0)}: {words}")

    def bodies(self, owner, before, after):
        """Statements: one that is new imports what an edit needs, or names a model's table."""
        known = [ast.dump(statement) for statement in before]
        left = list(known)
        same = []
        for statement in after:
            text = ast.dump(statement)
            if text in left:
                left.remove(text)
                same.append(statement)
            elif is_name_of_table(statement) and not any(is_name_of_table(it) for it in before):
                if not any(start == end for start, end in self.edits):
                    self.differ(owner, f"nothing was inserted, and there is `{ast.unparse(statement)}`")
            elif isinstance(statement, (ast.Import, ast.ImportFrom)) and len(same) <= len(before):
                # A name more in an import that was there stands in the place of that one.
                at = len(same)
                if at < len(before) and isinstance(before[at], type(statement)) and self.touched(before[at]) and known[at] in left:
                    left.remove(known[at])
                    same.append(before[at])
                elif not any(start == end for start, end in self.edits):
                    self.differ(owner, f"nothing was inserted, and there is `{ast.unparse(statement)}`")
            else:
                same.append(statement)
        if len(same) != len(before):
            self.differ(owner, f"{len(before)} statements became {len(same)}")
            return
        for one, other in zip(before, same):
            self.nodes(one, other)

    def nodes(self, before, after):
        if ast.dump(before) == ast.dump(after):
            return
        if hasattr(before, "lineno") and not self.touched(before):
            self.differ(before, f"`{ast.unparse(before)}` became `{ast.unparse(after)}`, and no edit stands there")
            return
        # Within an f-string Python's own places are not to be trusted.
        if type(before) is not type(after) or isinstance(before, (ast.JoinedStr, ast.Constant)):
            return
        for field in before._fields:
            one, other = getattr(before, field, None), getattr(after, field, None)
            if isinstance(one, list) and isinstance(other, list):
                if field in ("body", "orelse", "finalbody") and isinstance(before, (ast.stmt, ast.mod, ast.ExceptHandler)):
                    self.bodies(before, one, other)
                elif len(one) == len(other):
                    for left, right in zip(one, other):
                        self.values(before, left, right)
            else:
                self.values(before, one, other)

    def values(self, owner, before, after):
        if isinstance(before, ast.AST) and isinstance(after, ast.AST):
            self.nodes(before, after)
        elif before != after and not (hasattr(owner, "lineno") and self.touched(owner)):
            self.differ(owner, f"{before!r} became {after!r}, and no edit stands there")


def is_name_of_table(statement):
    """What a model gets that took its table's name from its class."""
    return isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__tablename__"


def names(tree, context):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def imported(tree):
    found = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {(alias.asname or alias.name).split(".")[0] for node in found for alias in node.names}


for line in sys.stdin:
    compared = Compared(json.loads(line))
    try:
        before = ast.parse(compared.before)
    except SyntaxError:
        continue
    try:
        compile(compared.after, compared.name, "exec")
        after = ast.parse(compared.after)
        compared.nodes(before, after)
        for name in sorted(names(after, ast.Load) - names(before, ast.Load) - names(after, ast.Store)):
            if name not in imported(after) and not hasattr(builtins, name):
                compared.faults.append(f"{compared.name}: nothing binds `{name}`")
    except SyntaxError as error:
        compared.faults.append(f"{compared.name}: it does not compile any more: {error}")
    for fault in compared.faults:
        print(fault)
