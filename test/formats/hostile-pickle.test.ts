/** Pickles from an enemy: what names or calls stays a record; bombs are refused, at once. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { isObject, type Value } from '../../src/formats/values.ts'
import { ROOT } from '../support/paths.ts'
import { bytesOf, little, zipOf } from './hostile.ts'
import { pickle } from './refusals.ts'

describe('a call is a record', () => {
  const inert = (name: string, bytes: Uint8Array, type: string, args: readonly Value[]): Promise<void> =>
    test(name, () => {
      const { value, globals } = readJoblib(bytes)
      assert.ok(isObject(value))
      assert.deepEqual([value.type, value.args, globals.includes(type)], [type, args, true])
    })
  const command = bytesOf('X', little(2, 4), 'id')
  inert('REDUCE', bytesOf('cos\nsystem\n', command, 0x85, 'R.'), 'os.system', ['id'])
  inert('STACK_GLOBAL', bytesOf(0x8c, 2, 'os', 0x8c, 6, 'system', 0x93, command, 0x85, 'R.'), 'os.system', ['id'])
  inert('NEWOBJ', bytesOf('csubprocess\nPopen\n', command, 0x85, 0x81, '.'), 'subprocess.Popen', ['id'])
  inert('NEWOBJ_EX', bytesOf('csubprocess\nPopen\n', command, 0x85, '}', 0x92, '.'), 'subprocess.Popen', ['id'])
  inert('INST', bytesOf('(', command, 'ios\nsystem\n.'), 'os.system', ['id'])
  inert('OBJ', bytesOf('(cos\nsystem\n', command, 'o.'), 'os.system', ['id'])
  inert('eval', bytesOf('cbuiltins\neval\n', command, 0x85, 'R.'), 'builtins.eval', ['id'])
  inert('__builtin__', bytesOf('c__builtin__\neval\n', command, 0x85, 'R.'), 'builtins.eval', ['id'])
  inert('getattr', bytesOf('cbuiltins\ngetattr\n', command, 0x85, 'R.'), 'builtins.getattr', ['id'])
  inert('a dotted name', bytesOf('cos\npath.join\n', command, 0x85, 'R.'), 'os.path.join', ['id'])
  inert('a name of the prototype', bytesOf('cconstructor\n__proto__\n', command, 0x85, 'R.'), 'constructor.__proto__', [
    'id',
  ])
  inert(
    'one that is not used',
    bytesOf('cos\nsystem\n', command, 0x85, 'R0cos\nsystem\n', command, 0x85, 'R.'),
    'os.system',
    ['id'],
  )

  test('BUILD sets nothing', () => {
    const { value } = readJoblib(bytesOf('cos\nsystem\n)', 0x81, '}X', little(9, 4), '__proto__', '}sb.'))
    assert.ok(isObject(value) && value.state instanceof Map)
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
  })
  pickle('a call of what was made', bytesOf('cos\nsystem\n)R)R.'), /^pickle: a call of os\.system: .* at byte 14$/)
  pickle('a call of a str', bytesOf(command, ')R.'), /a call of a str/)
  pickle('a persistent id', bytesOf(command, 'Q.'), /a persistent id/)
  for (const code of [0x82, 0x83, 0x84]) pickle(`EXT ${code}`, bytesOf(code, 1, 0, 0, 0, '.'), /EXT\d names/)
  for (const code of [0x97, 0x98]) pickle(`buffer ${code}`, bytesOf(0x80, 5, code, '.'), /_BUFFER wants/)
})

/** What malicious pickles in the wild call, and what scanners' own corpora have. */
const DANGEROUS = `os.system posix.system nt.system os.popen os.execv os.remove subprocess.Popen subprocess.run
  subprocess.check_output subprocess.getoutput builtins.eval builtins.exec builtins.compile builtins.__import__
  builtins.open builtins.getattr builtins.setattr builtins.delattr builtins.globals builtins.breakpoint
  runpy._run_code runpy.run_path importlib.import_module pip.main pty.spawn timeit.timeit cProfile.run profile.run
  pdb.run bdb.Bdb code.interact code.InteractiveInterpreter ctypes.CDLL socket.create_connection shutil.rmtree
  webbrowser.open operator.attrgetter operator.methodcaller functools.partial functools.reduce types.FunctionType
  types.CodeType marshal.loads pickle.loads _pickle.loads joblib.load numpy.load numpy.testing._private.utils.runstring
  torch.load torch.hub.load torch.jit.load torch._inductor.codecache.compile_file torch.serialization.load
  sys.settrace asyncio.run multiprocessing.Process requests.get urllib.request.urlopen http.client.HTTPConnection
  sqlite3.connect tempfile.NamedTemporaryFile site.main logging.config.listen platform.popen aiohttp.ClientSession
  venv.create ensurepip._run_pip idlelib.pyshell.ModifiedInterpreter.runcode lib2to3.pgen2.grammar.Grammar.loads
  pandas.eval pandas.read_pickle sklearn.externals._joblib cloudpickle.loads dill.loads`.split(/\s+/)

/** The ways to call in a pickle, each with one argument. */
const CALLS: Readonly<Record<string, (module: string, name: string) => Uint8Array>> = {
  REDUCE: (module, name) => bytesOf(`c${module}\n${name}\nS'id'\n`, 0x85, 'R.'),
  STACK_GLOBAL: (module, name) =>
    bytesOf(0x8c, module.length, module, 0x8c, name.length, name, 0x93, "S'id'\n", 0x85, 'R.'),
  NEWOBJ: (module, name) => bytesOf(`c${module}\n${name}\nS'id'\n`, 0x85, 0x81, '.'),
  NEWOBJ_EX: (module, name) => bytesOf(`c${module}\n${name}\nS'id'\n`, 0x85, '}', 0x92, '.'),
  INST: (module, name) => bytesOf(`(S'id'\ni${module}\n${name}\n.`),
  OBJ: (module, name) => bytesOf(`(c${module}\n${name}\nS'id'\no.`),
}

describe('what is dangerous elsewhere is a record here', () => {
  for (const [form, write] of Object.entries(CALLS)) {
    test(form, () => {
      for (const full of DANGEROUS) {
        const dot = full.lastIndexOf('.')
        const { value, globals } = readJoblib(write(full.slice(0, dot), full.slice(dot + 1)))
        assert.ok(isObject(value), full)
        assert.deepEqual([value.args, globals], [['id'], [value.type]])
      }
    })
  }

  test('every opcode on every kind of value', () => {
    const values = [
      '',
      'N',
      '(',
      'I1\n',
      'F1\n',
      'Va\n',
      ']',
      '}',
      ')',
      '\x8f',
      'C\x01a',
      'cos\nsystem\n',
      'cos\nsystem\n)R',
    ]
    const numpy = "cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR"
    const array = `cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR`
    for (const first of [...values, numpy, array]) {
      for (const second of [...values, numpy, array]) {
        for (let code = 0; code < 256; code++) {
          try {
            readJoblib(bytesOf(first, second, code, 1, 0, 0, 0, 0, 0, 0, 0, '\n', '\n', '.'))
          } catch (error) {
            assert.ok(
              error instanceof InferError,
              `${JSON.stringify(first + second)} ${code}: ${(error as Error)?.stack}`,
            )
          }
        }
      }
    }
  })

  test('the readers import nothing that acts', () => {
    const folder = `${ROOT}src/formats/`
    const builtin = readdirSync(folder).flatMap((file) => [
      ...readFileSync(folder + file, 'utf8').matchAll(/from '((?!\.)[^']+)'/g),
    ])
    assert.deepEqual([...new Set(builtin.map(([, name]) => name))].sort(), ['node:crypto', 'node:zlib'])
  })
})

describe('what Python loads, however odd, is read', () => {
  const reads = (name: string, bytes: Uint8Array, value: Value): Promise<void> =>
    test(name, () => assert.deepEqual(readJoblib(bytes).value, value))
  reads('bytes behind the end', bytesOf('N.cos\nsystem\n'), null)
  reads('a zip behind the end', bytesOf('N.', zipOf([])), null)
  reads('values under the last', bytesOf('I1\nN.'), null)
  reads('a mark under the last', bytesOf('I1\n(N.'), null)
  reads('a frame in a frame', bytesOf(0x80, 4, 0x95, little(12, 8), 0x95, little(2, 8), 'N.N'), null)
  reads('a class within a class', bytesOf("cbuiltins\ngetattr\n(cmodels\nOuter\nS'Inner'\ntR."), {
    kind: 'global',
    name: 'models.Outer.Inner',
  })
  test('ADDITEMS to a subclass of set', () => {
    const { value } = readJoblib(bytesOf('cmodels\nNames\n)', 0x81, '(Va\nVb\n', 0x90, '.'))
    assert.ok(isObject(value))
    assert.deepEqual(value.items, ['a', 'b'])
  })
  test('what is never used is still named', () => {
    const { globals } = readJoblib(bytesOf('cos\nsystem\n0N.'))
    assert.deepEqual(globals, ['os.system'])
  })
})

describe('pickle bombs', () => {
  pickle('LONG4 of 2 GiB', bytesOf(0x8b, little(0x7fffffff, 4), '.'), /an int of 2147483647 bytes/)
  pickle('LONG4 of -1', bytesOf(0x8b, little(-1, 4), '.'), /an int of -1 bytes/)
  pickle('LONG4 that is there', bytesOf(0x8b, little(1 << 20, 4), new Uint8Array(1 << 20), '.'), /an int of/)
  pickle('digits', bytesOf('I', '9'.repeat(1000), '\n.'), /an int of 1000 digits/)
  pickle('a line that is no number', bytesOf('F', ' '.repeat(1000), 'x\n.'), /no number/)
  pickle('BINBYTES8 of 2^63', bytesOf(0x8e, little(1n << 63n, 8), '.'), /a length of 9223372036854775808 bytes/)
  pickle('BINUNICODE8 of 2^40', bytesOf(0x8d, little(1n << 40n, 8), '.'), /1099511627776 bytes are claimed/)
  pickle('BYTEARRAY8 of 2^40', bytesOf(0x96, little(1n << 40n, 8), '.'), /1099511627776 bytes are claimed/)
  pickle('a frame beyond the end', bytesOf(0x80, 4, 0x95, little(100, 8), 'N.'), /a frame claims 100 bytes/)
  pickle('DUP without end', bytesOf('N', '2'.repeat(3_000_000), '.'), /the stack is higher/)
  pickle('marks', bytesOf('('.repeat(20_000), '.'), /more than 10000 marks/)
  pickle('deep tuples', bytesOf(')', new Uint8Array(300_000).fill(0x85), '.'), /nested deeper than 1000/)
  pickle('deep lists', bytesOf(']'.repeat(100_000), 'a'.repeat(99_999), '.'), /nested deeper than 1000/)
  pickle('empty dicts', bytesOf(']', `(${'}'.repeat(1000)}e`.repeat(1200), '.'), /its containers take more than/)
  pickle('empty lists at once', bytesOf('(', ']'.repeat(3_000_000), 'l.'), /the stack is higher/)
  pickle('a memo index of 2^32', bytesOf('Nr', little(0xffffffff, 4), '.'), /a memo index of 4294967295, more/)
  pickle('nothing remembered', bytesOf('h', 7, '.'), /nothing was remembered as 7/)
  pickle('an empty stack', bytesOf('.'), /the stack is empty/)
  pickle('a mark and nothing else', bytesOf('N(.'), /the stack is empty/)
  pickle('a mark in the way', bytesOf('N(a.'), /the stack is empty/)
  pickle('protocol 6', bytesOf(0x80, 6, 'N.'), /protocol 6/)
  test('billion laughs are shared, not copied', () => {
    // Each level is a list of ten times the one before.
    const level = bytesOf('(', 'h\x00'.repeat(10), 'lq\x000')
    const { value } = readJoblib(bytesOf('Nq\x000', ...Array.from({ length: 30 }, () => level), 'h\x00.'))
    assert.ok(Array.isArray(value) && value.length === 10 && value[0] === value[9])
  })
  test('a million operations', () => {
    const { value } = readJoblib(bytesOf('N', 'N0'.repeat(500_000), '.'))
    assert.equal(value, null)
  })
})
