/** Prints declarations of `deno doc --json` as TypeScript. */
import type {
  Declaration,
  Literal,
  Member,
  Members,
  Param,
  TsType,
  TypeParam,
} from "./deno_doc.ts";

/** Parameters, unions and literal types that are longer than this have a line for each part. */
const LINE_LENGTH = 44;

/**
 * Prints a type.
 *
 * @throws {Error} The kind of the type is unknown.
 */
export function printType(type: TsType): string {
  switch (type.kind) {
    case "keyword":
      return type.value;
    case "literal":
      return printLiteral(type.value);
    case "typeRef":
      return type.value.typeName + printTypeArguments(type.value.typeParams);
    case "array":
      return `${printType(type.value)}[]`;
    case "rest":
      return `...${printType(type.value)}`;
    case "optional":
      return `${printType(type.value)}?`;
    case "parenthesized":
      return `(${printType(type.value)})`;
    case "tuple":
      return `[${type.value.map(printType).join(", ")}]`;
    case "union":
      return printUnion(type.value.map(printType));
    case "intersection":
      return type.value.map(printType).join(" & ");
    case "typeOperator":
      return `${type.value.operator} ${printType(type.value.tsType)}`;
    case "indexedAccess":
      return `${printType(type.value.objType)}[${printType(type.value.indexType)}]`;
    case "fnOrConstructor": {
      const { constructor: isConstructor, params, tsType } = type.value;
      return `${isConstructor ? "new " : ""}${printParams(params)} => ${printType(tsType)}`;
    }
    case "typeLiteral":
      return printMembers(type.value);
  }
  throw new Error(`A type is of an unknown kind: ${JSON.stringify(type satisfies never)}`);
}

function printLiteral(literal: Literal): string {
  if (literal.kind === "string") return JSON.stringify(literal.string);
  return String(literal.kind === "number" ? literal.number : literal.boolean);
}

function printTypeArguments(types: readonly TsType[] = []): string {
  return types.length > 0 ? `<${types.map(printType).join(", ")}>` : "";
}

/**
 * Prints a declaration: a class or an interface without its members, which are shown one by one.
 *
 * @throws {Error} The kind of the declaration is unknown.
 */
export function printHead(name: string, { kind, def }: Declaration): string {
  const params = printTypeParams(def.typeParams);
  const result = def.returnType ? `: ${printType(def.returnType)}` : "";
  const parents = typeof def.extends === "string"
    ? [def.extends]
    : def.extends?.map(printType) ?? [];
  switch (kind) {
    case "function":
      return `function ${name}${params}${printParams(def.params ?? [])}${result}`;
    case "variable":
      return `const ${name}: ${printOptional(def.tsType)}`;
    case "typeAlias":
      return `type ${name}${params} = ${printOptional(def.tsType)}`.replace(/ +$/m, "");
    case "class":
    case "interface":
      return `${kind} ${name}${params}${
        parents.length > 0 ? ` extends ${parents.join(", ")}` : ""
      }`;
  }
  throw new Error(`${name} is of an unknown kind: ${kind}`);
}

function printTypeParams(params: readonly TypeParam[] = []): string {
  const printed = params.map(({ name, constraint, default: byDefault }) =>
    name + (constraint ? ` extends ${printType(constraint)}` : "") +
    (byDefault ? ` = ${printType(byDefault)}` : "")
  );
  return printed.length > 0 ? `<${printed.join(", ")}>` : "";
}

function printParams(params: readonly Param[]): string {
  const printed = params.map((param) => printParam(param));
  const line = printed.join(", ");
  return line.length <= LINE_LENGTH ? `(${line})` : `(\n${indent(printed.join(",\n"))},\n)`;
}

function printParam(param: Param, optional = param.optional): string {
  // A parameter with a default value may be left out.
  if (param.left) return printParam(param.left, true);
  if (param.arg) {
    return `...${printParam({ ...param.arg, ...param.tsType && { tsType: param.tsType } })}`;
  }
  return `${param.name ?? "options"}${optional ? "?" : ""}: ${printOptional(param.tsType)}`;
}

function printOptional(type: TsType | undefined): string {
  return type === undefined ? "unknown" : printType(type);
}

/** Prints a property, a method, a constructor or a call signature. */
export function printMember(member: Member): string {
  const { name = "", optional, params, typeParams, returnType, tsType } = member;
  const start = `${member.readonly ? "readonly " : ""}${name}${optional ? "?" : ""}`;
  if (params === undefined) return `${start}: ${printOptional(tsType)}`;
  const result = returnType ?? tsType;
  return start + printTypeParams(typeParams) + printParams(params) +
    (result ? `: ${printType(result)}` : "");
}

/** All parts of an interface, a class or a literal type, in the order in which they are shown. */
export function listMembers(def: Members): Member[] {
  const { constructors = [], callSignatures = [], indexSignatures = [] } = def;
  const signatures = indexSignatures.map((signature): Member => {
    const [key] = (signature.params ?? []).map((param) => printParam(param));
    const { jsDoc, readonly, tsType } = signature;
    return {
      name: `[${key}]`,
      ...jsDoc && { jsDoc },
      ...readonly && { readonly },
      ...tsType && { tsType },
    };
  });
  return [constructors, callSignatures, signatures, def.properties ?? [], def.methods ?? []].flat();
}

function printMembers(def: Members): string {
  const members = listMembers(def);
  const line = members.map(printMember).join("; ");
  const isDocumented = members.some(({ jsDoc }) => jsDoc?.doc);
  if (!isDocumented && line.length <= LINE_LENGTH) return line === "" ? "{}" : `{ ${line} }`;
  const lines = members.map((member) => {
    const doc = member.jsDoc?.doc?.trim().replaceAll("\n", "\n * ");
    return `${doc ? `/** ${doc} */\n` : ""}${printMember(member)};`;
  });
  return `{\n${indent(lines.join("\n"))}\n}`;
}

function printUnion(types: readonly string[]): string {
  const line = types.join(" | ");
  if (line.length <= LINE_LENGTH && !line.includes("\n")) return line;
  return `\n${indent(types.map((type) => `| ${type}`).join("\n"))}`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
