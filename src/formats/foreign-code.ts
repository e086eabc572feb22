/**
 * What a pickle names that is neither plain data nor a library whose objects are plain data: code that the file does
 * not hold, or that somebody put there for Python to run. Nothing is run here either way; this tells why it matters.
 */

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Libraries whose classes are known by name, and modules of Python that only hold data. */
const DATA_MODULES: ReadonlySet<string> = new Set(
  words(`
    _codecs _loss array catboost collections copyreg datetime decimal enum fractions hummingbird imblearn joblib
    lightgbm numpy pandas pathlib scipy sk2torch sklearn skorch torchvision xgboost __torch__`),
)
const DATA_NAMES: ReadonlySet<string> = new Set([
  ...words(`
    bool bytearray bytes complex dict float frozenset getattr int list long object range set slice str tuple type
    unicode xrange`).map((name) => `builtins.${name}`),
  ...words('contextlib.nullcontext functools.partial itertools.count types.SimpleNamespace uuid.UUID'),
])
/** torch has much besides that runs things: what its files are made of, and its names without a module. */
const TORCH_MODULES: readonly string[] = words(
  '_C _tensor _utils ao distributions jit._pickle nn optim quantization storage serialization._get_layout',
).map((name) => `torch.${name}`)

/** What picklers that write functions call to make them again. */
const CODE_PICKLERS: ReadonlySet<string> = new Set(['cloudpickle', 'dill'])

/** Modules and functions that run text, commands or other pickles, and are known from attacks. */
const RUNS_CODE_MODULES: ReadonlySet<string> = new Set(
  words(`
    _pickle aiohttp asyncio bdb cProfile code codeop commands ctypes doctest ensurepip ftplib http idlelib importlib
    lib2to3 marshal multiprocessing nt os pdb pickle pip platform posix profile pty requests runpy shutil site smtplib
    socket sqlite3 subprocess sys tempfile threading timeit urllib venv webbrowser`),
)
const RUNS_CODE: readonly string[] = [
  ...words('__import__ breakpoint compile delattr eval exec execfile globals input open setattr').map(
    (name) => `builtins.${name}`,
  ),
  ...words(`
    functools.reduce joblib.load logging.config numpy.distutils numpy.f2py numpy.fromfile numpy.load numpy.memmap
    numpy.testing operator.attrgetter operator.itemgetter operator.methodcaller pandas.eval pandas.read_pickle
    torch._inductor torch.distributed.rpc torch.fx.experimental torch.hub torch.jit.load torch.load
    torch.jit.unsupported_tensor_ops torch.serialization.load torch.utils.cpp_extension types.CodeType
    types.FunctionType`),
]

const within = (name: string, modules: readonly string[]): boolean =>
  modules.some((module) => name === module || name.startsWith(`${module}.`))
const isData = (name: string): boolean => DATA_MODULES.has(moduleOf(name)) || DATA_NAMES.has(name) || isTorchData(name)
const isTorchData = (name: string): boolean => /^torch\.\w+$/.test(name) || within(name, TORCH_MODULES)
const moduleOf = (name: string): string => name.slice(0, name.indexOf('.'))
const runsCode = (name: string): boolean => RUNS_CODE_MODULES.has(moduleOf(name)) || within(name, RUNS_CODE)

/** Names outside of the table of what is data, in the order of the file. */
export const foreignGlobals = (globals: readonly string[]): readonly string[] =>
  globals.filter((name) => runsCode(name) || !isData(name))

/** Why a file that names these cannot be understood from itself, in one sentence; `undefined` when it can. */
export function foreignCode(globals: readonly string[]): string | undefined {
  const foreign = foreignGlobals(globals)
  const runs = foreign.find(runsCode)
  if (runs !== undefined) return `it names \`${runs}\`, by which pickles run code: do not load it in Python`
  const pickler = foreign.map(moduleOf).find((name) => CODE_PICKLERS.has(name))
  if (pickler !== undefined) return `${pickler} wrote code into it, and no code of a file is run`
  const [first, ...others] = foreign
  if (first === undefined) return undefined
  const [verb, them] = others.length === 0 ? ['is', 'it'] : [`and ${others.length} more are`, 'them']
  return `\`${first}\` ${verb} named: the file holds no code of ${them}`
}
