"""A client's normalised cache, as Apollo, Relay and urql have one: an object is kept once, by its type and id.

What has no id is kept below the object that it belongs to. A field is kept by its name and arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import orjson
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NameNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    parse,
    print_ast,
    value_from_ast_untyped,
    visit,
)

Record: TypeAlias = dict[str, Any]


class _Reference(str):
    """The key of another record."""

    __slots__ = ()


class _Completing(Visitor):
    def __init__(self, types: TypeInfo, locale: str | None) -> None:
        super().__init__()
        self._types, self._locale = types, locale

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        definition = self._types.get_field_def()
        assert definition is not None, node.name.value
        given = node.arguments or ()
        if self._locale is None or "locale" not in definition.args or any(at.name.value == "locale" for at in given):
            return None
        locale = ArgumentNode(name=NameNode(value="locale"), value=VariableNode(name=NameNode(value=self._locale)))
        return FieldNode(
            name=node.name,
            alias=node.alias,
            arguments=(*given, locale),
            selection_set=node.selection_set,
            directives=(),
        )

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
        type_ = self._types.get_parent_type()
        names = ["__typename"]
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)) and "id" in type_.fields:
            names.append("id")
        known = {part.name.value for part in node.selections if isinstance(part, FieldNode) and part.alias is None}
        added = [FieldNode(name=NameNode(value=name), directives=()) for name in names if name not in known]
        return SelectionSetNode(selections=(*added, *node.selections))


def completed(text: str, *, schema: GraphQLSchema, locale: str | None = None) -> str:
    """A document as such clients send it: with `__typename` and `id` everywhere.

    With `locale`, the name of a variable, every field that takes a language gets that one.
    """
    types = TypeInfo(schema)
    return print_ast(visit(parse(text), TypeInfoVisitor(types, _Completing(types, locale))))


class NormalisedCache:
    """Records by key. A root is where the fields of `Query` or of a mutation are kept, one for each connection."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.records: dict[str, Record] = {}

    def write(self, text: str, data: Record, *, root: str, variables: Mapping[str, Any]) -> None:
        """Keep an answer."""
        document = _Document(text, variables=variables, schema=self._schema)
        self._write(document, document.operation.selection_set, data, at=root)

    def read(self, text: str, *, root: str, variables: Mapping[str, Any]) -> Any:
        """The answer to a document from what is kept. Raises KeyError for what is not."""
        document = _Document(text, variables=variables, schema=self._schema)
        return self._read(document, document.operation.selection_set, at=root)

    def _write(self, document: _Document, selection: SelectionSetNode, data: Record, *, at: str) -> str:
        type_name = data["__typename"]
        if type_name == "Query":
            at = at.split("|")[0]
        elif "id" in data:
            at = data["id"]
        record = self.records.setdefault(at, {"__typename": type_name})
        assert record["__typename"] == type_name, f"{at} is of two types"
        for field in document.fields(selection, type_name=type_name):
            key = document.key(field)
            name = (field.alias or field.name).value
            record[key] = self._kept(document, field, data[name], at=f"{at}|{key}")
        return at

    def _kept(self, document: _Document, field: FieldNode, value: Any, *, at: str) -> Any:
        if isinstance(value, list):
            return [self._kept(document, field, item, at=f"{at}|{place}") for place, item in enumerate(value)]
        if value is None or field.selection_set is None:
            return value
        return _Reference(self._write(document, field.selection_set, value, at=at))

    def _read(self, document: _Document, selection: SelectionSetNode, *, at: str) -> Record:
        record = self.records[at]
        return {
            (field.alias or field.name).value: self._shown(document, field, record[document.key(field)])
            for field in document.fields(selection, type_name=record["__typename"])
        }

    def _shown(self, document: _Document, field: FieldNode, value: Any) -> Any:
        if isinstance(value, list):
            return [self._shown(document, field, item) for item in value]
        if isinstance(value, _Reference):
            assert field.selection_set is not None
            return self._read(document, field.selection_set, at=value)
        return value


class _Document:
    def __init__(self, text: str, *, variables: Mapping[str, Any], schema: GraphQLSchema) -> None:
        document: DocumentNode = parse(text)
        (self.operation,) = (part for part in document.definitions if isinstance(part, OperationDefinitionNode))
        self._fragments = {
            part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)
        }
        self._variables, self._schema = dict(variables), schema

    def key(self, field: FieldNode) -> str:
        """The name of a field and its arguments; one whose variable is not given is left out."""
        arguments = {}
        for argument in field.arguments or ():
            value = value_from_ast_untyped(argument.value, self._variables)
            if not isinstance(argument.value, VariableNode) or argument.value.name.value in self._variables:
                arguments[argument.name.value] = value
        name = field.name.value
        return name if not arguments else f"{name}({orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS).decode()})"

    def fields(self, selection: SelectionSetNode, *, type_name: str) -> Iterator[FieldNode]:
        """The fields that are selected of an object of a type."""
        for part in selection.selections:
            if isinstance(part, FieldNode):
                yield part
            else:
                condition, inner = self._fragment(part)
                if condition is None or self._applies(condition, type_name):
                    yield from self.fields(inner, type_name=type_name)

    def _fragment(self, part: SelectionNode) -> tuple[str | None, SelectionSetNode]:
        if isinstance(part, InlineFragmentNode):
            return part.type_condition.name.value if part.type_condition else None, part.selection_set
        fragment = self._fragments[part.name.value]  # type: ignore[attr-defined]  # a spread
        return fragment.type_condition.name.value, fragment.selection_set

    def _applies(self, condition: str, type_name: str) -> bool:
        wanted, found = self._schema.type_map[condition], self._schema.type_map[type_name]
        return wanted is found or self._schema.is_sub_type(wanted, get_named_type(found))  # type: ignore[arg-type]
