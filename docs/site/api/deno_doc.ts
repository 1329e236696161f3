/** The parts of `deno doc --json` (version 2) that the site shows. */

/** A type. `value` depends on `kind`. */
export interface TsType {
  readonly kind: string;
  readonly repr?: string;
  // deno-lint-ignore no-explicit-any
  readonly value: any;
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
  readonly name: string;
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
