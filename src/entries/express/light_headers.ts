/**
 * Header fields without a `Headers` object of the runtime: on Node one takes longer to fill and to copy
 * than the rest of the gate takes.
 *
 * @module
 */

/** The fields behind {@linkcode LightHeaders}, as Node keeps them. */
export interface Fields {
  /** The value of a field, by its name in lower case; several values as text with commas. */
  find(name: string): string | undefined;
  /** All fields, each value apart. */
  list(): Iterable<readonly [name: string, value: string]>;
}

/** The members of `Headers` that the gate uses. Nothing is copied: a later change of the fields shows. */
export class LightHeaders {
  readonly #fields: Fields;
  readonly #deleted: string[];

  constructor(fields: Fields, deleted: readonly string[] = []) {
    this.#fields = fields;
    this.#deleted = [...deleted];
  }

  /** The names of the fields that were deleted, in lower case. */
  get deleted(): readonly string[] {
    return this.#deleted;
  }

  get(name: string): string | null {
    const lower = name.toLowerCase();
    return this.#deleted.includes(lower) ? null : this.#fields.find(lower) ?? null;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  delete(name: string): void {
    this.#deleted.push(name.toLowerCase());
  }

  /** Copies the headers, without one field. */
  copyWithout(name: string): LightHeaders {
    return new LightHeaders(this.#fields, [...this.#deleted, name.toLowerCase()]);
  }

  /** The pairs of a real `Headers`, in its order: one can be made of this object. */
  [Symbol.iterator](): Iterator<[name: string, value: string]> {
    const headers = new Headers();
    for (const [name, value] of this.#fields.list()) headers.append(name, value);
    for (const name of this.#deleted) headers.delete(name);
    return headers[Symbol.iterator]();
  }
}
