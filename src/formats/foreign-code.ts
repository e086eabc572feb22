/**
 * What a pickle names that is neither plain data nor a library whose objects are plain data: code that the file does
 * not hold, or that somebody put there for Python to run. Nothing is run here either way; this tells why it matters.
 */

/** Libraries whose classes are known by name, and Python's own that only hold data. */
const KNOWN =
  /^(?:_loss|catboost|hummingbird|imblearn|joblib|lightgbm|numpy|pandas|scipy|sk2torch|sklearn|skorch|torch|torchvision|xgboost|_codecs|array|collections|copyreg|datetime|decimal|enum|fractions|pathlib|uuid|__torch__)\./
const KNOWN_NAMES: ReadonlySet<string> = new Set([
  ...['bool', 'bytearray', 'bytes', 'complex', 'dict', 'float', 'frozenset', 'getattr', 'int', 'list'].map(
    (name) => `builtins.${name}`,
  ),
  ...['object', 'range', 'set', 'slice', 'str', 'tuple', 'type'].map((name) => `builtins.${name}`),
  'functools.partial',
  'contextlib.nullcontext',
  'itertools.count',
  'types.SimpleNamespace',
])

/** What picklers that write functions call to make them again. */
const CODE_PICKLERS = /^(cloudpickle|dill)\./

/** Of known libraries and Python itself: what runs text, commands or other pickles when it is called. */
const RUNS_CODE =
  /^(?:builtins\.(?:__import__|breakpoint|compile|delattr|eval|exec|execfile|globals|input|open|setattr)|(?:nt|os|posix|subprocess|sys|shutil|socket|pty|runpy|importlib|pip|ctypes|webbrowser|code|codeop|marshal|pickle|_pickle|timeit|bdb|pdb|cProfile|profile|asyncio|multiprocessing|threading|commands|platform|types\.(?:FunctionType|CodeType)|operator\.(?:attrgetter|methodcaller|itemgetter)|urllib|http|requests|aiohttp|smtplib|ftplib|sqlite3|tempfile|site|venv|ensurepip|idlelib|lib2to3|doctest|logging\.config|functools\.reduce)(?:\.|$)|numpy\.(?:testing|f2py|distutils|load$|fromfile$|memmap$)|torch\.(?:load|hub|utils\.cpp_extension|_inductor|jit\.load|jit\.unsupported|serialization\.load|distributed\.rpc|fx\.experimental)|joblib\.load|pandas\.(?:eval|read_pickle|io)|sklearn\.externals)/

/** Names outside of the table of what is data, in the order of the file. */
export const foreignGlobals = (globals: readonly string[]): readonly string[] =>
  globals.filter((name) => RUNS_CODE.test(name) || !(KNOWN.test(name) || KNOWN_NAMES.has(name)))

/** Why a file that names these cannot be understood from itself, in one sentence; `undefined` when it can. */
export function foreignCode(globals: readonly string[]): string | undefined {
  const foreign = foreignGlobals(globals)
  const runs = foreign.find((name) => RUNS_CODE.test(name))
  if (runs !== undefined) return `it names \`${runs}\`, by which pickles run code: do not load it in Python`
  const pickler = foreign.map((name) => CODE_PICKLERS.exec(name)?.[1]).find((name) => name !== undefined)
  if (pickler !== undefined) return `${pickler} wrote code into it, and no code of a file is run`
  const [first, ...others] = foreign
  if (first === undefined) return undefined
  const [verb, them] = others.length === 0 ? ['is', 'it'] : [`and ${others.length} more are`, 'them']
  return `\`${first}\` ${verb} named: the file holds no code of ${them}`
}
