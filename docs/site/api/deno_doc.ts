/** The parts of `deno doc --json` (version 2) that the site shows. */

export type TsType =
  & { readonly repr?: string }
  & (
    | { readonly kind: "keyword"; readonly value: string }
    | { readonly kind: "literal"; readonly value: Literal }
    | { readonly kind: "typeRef"; readonly value: TypeRef }
    | { readonly kind: "array" | "rest" | "optional" | "parenthesized"; readonly value: TsType }
    | { readonly kind: "tuple" | "union" | "intersection"; readonly value: readonly TsType[] }
    | {
      readonly kind: "typeOperator";
      readonly value: { readonly operator: string; readonly tsType: TsType };
    }
    | {
      readonly kind: "indexedAccess";
      readonly value: { readonly objType: TsType; readonly indexType: TsType };
    }
    | {
      readonly kind: "fnOrConstructor";
      readonly value: {
        readonly constructor: boolean;
        readonly params: readonly Param[];
        readonly tsType: TsType;
      };
    }
    | { readonly kind: "typeLiteral"; readonly value: Members }
  );

export type Literal =
  | { readonly kind: "string"; readonly string: string }
  | { readonly kind: "number"; readonly number: number }
  | { readonly kind: "boolean"; readonly boolean: boolean };

interface TypeRef {
  readonly typeName: string;
  readonly typeParams?: readonly TsType[];
}

export interface TypeParam {
  readonly name: string;
  readonly constraint?: TsType;
  readonly default?: TsType;
}

export interface Param {
  readonly kind: string;
  readonly name?: string;
  readonly optional?: boolean;
  readonly tsType?: TsType;
  /** The parameter, of one that has a default value. */
  readonly left?: Param;
  /** The parameter, of a rest parameter. */
  readonly arg?: Param;
}

export interface Tag {
  readonly kind: string;
  readonly name?: string;
  readonly doc?: string;
  readonly value?: string;
  readonly tsType?: TsType;
}

export interface JsDoc {
  readonly doc?: string;
  readonly tags?: readonly Tag[];
}

/** A property, a method or another part of an interface, a class or a literal type. */
export interface Member {
  /** Absent in call signatures and index signatures. */
  readonly name?: string;
  readonly jsDoc?: JsDoc;
  readonly readonly?: boolean;
  readonly optional?: boolean;
  readonly tsType?: TsType;
  readonly params?: readonly Param[];
  readonly typeParams?: readonly TypeParam[];
  readonly returnType?: TsType;
}

export interface Members {
  readonly constructors?: readonly Member[];
  readonly callSignatures?: readonly Member[];
  readonly indexSignatures?: readonly Member[];
  readonly properties?: readonly Member[];
  readonly methods?: readonly Member[];
}

export interface Declaration {
  readonly kind: string;
  readonly location: { readonly filename: string; readonly line: number };
  readonly jsDoc?: JsDoc;
  readonly def: Members & {
    readonly extends?: string | readonly TsType[];
    readonly typeParams?: readonly TypeParam[];
    readonly tsType?: TsType;
    readonly params?: readonly Param[];
    readonly returnType?: TsType;
  };
}

export interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

export interface DocModule {
  readonly module_doc?: JsDoc;
  readonly symbols: readonly DocSymbol[];
}
