/** Python's syntax as far as forward functions of models have it. `line` is for sentences. */

export type Expression = { readonly line: number } & (
  | { readonly kind: 'constant'; readonly value: null | boolean | bigint | number | string }
  | { readonly kind: 'ellipsis' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'subscript'; readonly of: Expression; readonly index: Expression }
  | { readonly kind: 'slice'; readonly parts: readonly [Expression | null, Expression | null, Expression | null] }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: readonly Argument[] }
  | { readonly kind: 'unary'; readonly op: string; readonly operand: Expression }
  | { readonly kind: 'binary'; readonly op: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'logical'; readonly op: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'compare'; readonly first: Expression; readonly rest: readonly Comparison[] }
  | { readonly kind: 'choice'; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'set'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression | null, Expression])[] }
  | { readonly kind: 'starred'; readonly of: Expression }
  | ({
      readonly kind: 'comprehension'
      readonly of: 'list' | 'set' | 'dict'
      readonly clauses: readonly Clause[]
    } & Made)
  | { readonly kind: 'lambda'; readonly parameters: Parameters; readonly body: Expression }
  | { readonly kind: 'joined'; readonly parts: readonly (string | Formatted)[] }
  | { readonly kind: 'unsupported'; readonly what: string }
  | { readonly kind: 'named'; readonly name: string; readonly value: Expression }
)

export type ExpressionOf<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>

interface Made {
  /** What each round adds; of a dict the key. */
  readonly item: Expression
  readonly value: Expression | undefined
}

/** `**kwargs` has the name '**', `*args` the name '*'. */
export interface Argument {
  readonly name: string | undefined
  readonly value: Expression
}

export interface Comparison {
  readonly op: string
  readonly right: Expression
}

export interface Clause {
  readonly target: Expression
  readonly iterated: Expression
  readonly conditions: readonly Expression[]
}

/** `{value!r:spec}` of an f-string. */
export interface Formatted {
  readonly value: Expression
  readonly spec: string
}

export interface Parameter {
  readonly name: string
  readonly byDefault: Expression | undefined
  readonly kind: 'positional' | 'keyword' | 'args' | 'kwargs'
}
export type Parameters = readonly Parameter[]

export interface FunctionDefinition {
  readonly kind: 'function'
  readonly line: number
  readonly name: string
  readonly parameters: Parameters
  readonly body: readonly Statement[]
  readonly decorators: readonly Expression[]
}

export interface ClassDefinition {
  readonly kind: 'class'
  readonly line: number
  readonly name: string
  readonly bases: readonly Argument[]
  readonly body: readonly Statement[]
  readonly decorators: readonly Expression[]
}

export type Statement =
  | FunctionDefinition
  | ClassDefinition
  | ({ readonly line: number } & (
      | { readonly kind: 'expression'; readonly value: Expression }
      | { readonly kind: 'assign'; readonly targets: readonly Expression[]; readonly value: Expression }
      | { readonly kind: 'declare'; readonly target: Expression; readonly value: Expression | undefined }
      | { readonly kind: 'augment'; readonly op: string; readonly target: Expression; readonly value: Expression }
      | { readonly kind: 'if'; readonly test: Expression; readonly yes: Block; readonly no: Block }
      | { readonly kind: 'while'; readonly test: Expression; readonly body: Block; readonly otherwise: Block }
      | {
          readonly kind: 'for'
          readonly target: Expression
          readonly iterated: Expression
          readonly body: Block
          readonly otherwise: Block
        }
      | { readonly kind: 'return'; readonly value: Expression | undefined }
      | { readonly kind: 'pass' }
      | { readonly kind: 'break' }
      | { readonly kind: 'continue' }
      | { readonly kind: 'raise'; readonly value: Expression | undefined }
      | { readonly kind: 'assert'; readonly test: Expression; readonly message: Expression | undefined }
      | { readonly kind: 'import'; readonly module: string; readonly as: string | undefined }
      | { readonly kind: 'from'; readonly level: number; readonly module: string; readonly names: readonly Imported[] }
      | { readonly kind: 'with'; readonly items: readonly WithItem[]; readonly body: Block }
      | { readonly kind: 'try'; readonly body: Block; readonly otherwise: Block; readonly last: Block }
      | { readonly kind: 'outer'; readonly names: readonly string[] }
      | { readonly kind: 'delete'; readonly targets: readonly Expression[] }
    ))

export type Block = readonly Statement[]
export type StatementOf<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>

export interface Imported {
  readonly name: string
  readonly as: string
}

export interface WithItem {
  readonly value: Expression
  readonly target: Expression | undefined
}
