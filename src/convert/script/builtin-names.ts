import { External, type Py } from './value.ts'

/** Names that are there without an import. */

const FUNCTIONS =
  'abs all annotate any bool callable dict divmod enumerate filter float getattr hasattr int isinstance iter len list map max min next object pow print range repr reversed round set setattr sorted str sum tuple type unchecked_cast uninitialized zip'

/** Names that stand for libraries and types without an import: in TorchScript. */
const NAMES =
  'fork wait torch ops CONSTANTS __torch__ List Dict Optional Tuple Union Future Any Final Tensor NoneType Module NamedTuple Enum number Device Interface'
const named: ReadonlyMap<string, Py> = new Map<string, Py>([
  ...FUNCTIONS.split(' ').map((name): [string, Py] => [name, new External(`builtins.${name}`)]),
  ...NAMES.split(' ').map((name): [string, Py] => [name, new External(name)]),
  ['inf', Number.POSITIVE_INFINITY],
  ['nan', Number.NaN],
  ['NotImplemented', null],
])

export const builtinOf = (name: string): Py | undefined =>
  named.get(name) ?? (/(Error|Exception|Warning)$/.test(name) ? new External(`builtins.${name}`) : undefined)
