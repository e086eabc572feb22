/** Files from an enemy: what names or calls stays a record, what is broken or a bomb is refused, at once. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { InferError } from '../../src/errors.ts'
import { decompressBzip2 } from '../../src/formats/bzip2.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { parseJson } from '../../src/formats/json.ts'
import { decompressLz4 } from '../../src/formats/lz4.ts'
import { readNpy } from '../../src/formats/npy.ts'
import { readSafetensors } from '../../src/formats/safetensors.ts'
import { readTorch } from '../../src/formats/torch.ts'
import { contiguous } from '../../src/formats/torch-tensor.ts'
import { readUbjson } from '../../src/formats/ubjson.ts'
import { isObject, type Value } from '../../src/formats/values.ts'
import { decompressXz } from '../../src/formats/xz.ts'
import { readZip } from '../../src/formats/zip.ts'
import { FIXTURES, ROOT } from '../support/paths.ts'
import { bytesOf, little, type Member, zipOf } from './hostile.ts'

const MAX_MS = 1000

function refuses(read: () => unknown, sentence: RegExp): void {
  const start = performance.now()
  assert.throws(read, (error: unknown) => {
    assert.ok(error instanceof InferError, `${(error as Error)?.stack}`)
    assert.equal(error.code, 'bad_model')
    assert.match(error.message, sentence)
    assert.ok(error.message.length < 300)
    return true
  })
  assert.ok(performance.now() - start < MAX_MS, 'it took more than a second')
}

const refused = (name: string, read: () => unknown, sentence: RegExp): Promise<void> =>
  test(name, () => refuses(read, sentence))
const pickle = (name: string, bytes: Uint8Array, sentence: RegExp): Promise<void> =>
  refused(name, () => readJoblib(bytes), sentence)

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
  pickle('a frame in a frame', bytesOf(0x80, 4, 0x95, little(12, 8), 0x95, little(2, 8), 'N.N'), /within another/)
  pickle('DUP without end', bytesOf('N', '2'.repeat(3_000_000), '.'), /the stack is higher/)
  pickle('marks', bytesOf('('.repeat(20_000), '.'), /more than 10000 marks/)
  pickle('deep tuples', bytesOf(')', new Uint8Array(300_000).fill(0x85), '.'), /nested deeper than 1000/)
  pickle('deep lists', bytesOf(']'.repeat(100_000), 'a'.repeat(99_999), '.'), /nested deeper than 1000/)
  pickle('empty lists', bytesOf('(', ']'.repeat(3_000_000), 'l.'), /its containers take more than/)
  pickle('a memo index of 2^32', bytesOf('Nr', little(0xffffffff, 4), '.'), /a memo index of 4294967295, more/)
  pickle('nothing remembered', bytesOf('h', 7, '.'), /nothing was remembered as 7/)
  pickle('an empty stack', bytesOf('.'), /0 values/)
  pickle('two values', bytesOf('NN.'), /2 values/)
  pickle('a mark in the way', bytesOf('N(a.'), /the stack is empty/)
  pickle('protocol 6', bytesOf(0x80, 6, 'N.'), /protocol 6/)
  pickle('what follows', bytesOf('N.cos\nsystem\n'), /follow its end/)
  pickle('a zip that follows', bytesOf('N.', zipOf([])), /follow its end/)
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

describe('numpy and joblib', () => {
  const array = (shape: string, dtype: string, memory: Uint8Array): Uint8Array =>
    bytesOf(
      'cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n(I0\ntC\x01b',
      0x87,
      'R(I1\n',
      shape,
      dtype,
      'I00\n',
      'B',
      little(memory.length, 4),
      memory,
      'tb.',
    )
  const float = "cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
  test('the pieces make an array', () =>
    assert.doesNotThrow(() => readJoblib(array('(I2\nt', float, new Uint8Array(16)))))
  pickle(
    'a shape beyond its bytes',
    array('(L2147483648L\nt', float, new Uint8Array(24)),
    /numpy: \[2147483648\] .* has 24 bytes/,
  )
  pickle('a shape of 2^62', array('(L4611686018427387904L\nt', float, new Uint8Array(24)), /which is no count/)
  pickle('a negative shape', array('(I-1\nt', float, new Uint8Array(24)), /which is no count/)
  pickle('a hundred dimensions', array(`(${'I1\n'.repeat(100)}t`, float, new Uint8Array(8)), /100 items, more than 64/)
  const nothing = "cnumpy\ndtype\n(S'V0'\nI0\nI1\ntR(I3\nS'|'\nNNNI0\nI1\nI0\ntb"
  pickle('elements of no bytes', array('(L1073741824L\nt', nothing, new Uint8Array(0)), /elements of no bytes/)
  const field = `S'a'\n(${float}I0\nt`
  const overlap = `cnumpy\ndtype\n(S'V8'\nI0\nI1\ntR(I3\nS'|'\nN(S'a'\nS'b'\nt(d${field}s${field.replace("'a'", "'b'")}sI8\nI1\nI0\ntb`
  pickle('fields that overlap', array('(I1\nt', overlap, new Uint8Array(8)), /overlaps another/)
  const structure = (state: string): string => `cnumpy\ndtype\n(S'V0'\nI0\nI1\ntRp9\n(I3\nS'|'\nN${state}I0\nI1\nI0\ntb`
  pickle(
    'a dtype of itself',
    array('(I1\nt', structure("(S'a'\nt(dS'a'\n(g9\nI0\nts"), new Uint8Array(0)),
    /not a complete dtype/,
  )
  const names = (count: number): string => `(${Array.from({ length: count }, (_, i) => `S'${i}'\n`).join('')}t`
  const fields = (count: number, of: string): string =>
    `(d${Array.from({ length: count }, (_, i) => `S'${i}'\n(${of}I0\nts`).join('')}`
  const level = (of: number): string => `${structure(`${names(20)}${fields(20, `g${of}\n`)}`)}p${of + 1}\n0`
  const doubling = `${structure('NN')}p10\n0${[10, 11, 12, 13, 14, 15].map(level).join('')}g16\n`
  pickle('structures that share structures', array('(I1\nt', doubling, new Uint8Array(0)), /a structure of 8000 fields/)
  const wrapper = (count: number, rest: Uint8Array): Uint8Array =>
    bytesOf(
      `cjoblib.numpy_pickle\nNumpyArrayWrapper\n)`,
      0x81,
      `(dS'dtype'\n${float}sS'shape'\n(I${count}\ntsS'order'\nS'C'\nsb`,
      rest,
    )
  test('the pieces make a joblib file', () =>
    assert.doesNotThrow(() => readJoblib(wrapper(1, bytesOf(new Uint8Array(8), '.')))))
  pickle('an array beyond the file', wrapper(1_000_000, bytesOf('.')), /8000000 bytes are claimed where 1 are left/)
  pickle('zlib of zeros', deflateSync(new Uint8Array(100_000_000)), /expand to more than/)
  pickle('gzip of zeros', gzipSync(new Uint8Array(100_000_000)), /expand to more than/)
  pickle('zlib that is cut', deflateSync(new Uint8Array(10_000)).subarray(0, 20), /^zlib: /)
  refused(
    'npy of 2^40',
    () =>
      readNpy(
        bytesOf(
          '\x93NUMPY\x01\x00',
          little(64, 2),
          "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,)}".slice(0, 64),
        ),
      ),
    /literal/,
  )
  refused(
    'npy of parentheses',
    () => readNpy(bytesOf('\x93NUMPY\x01\x00', little(60_000, 2), '('.repeat(60_000))),
    /literal/,
  )
})

describe('zip', () => {
  const content = Buffer.from('content')
  const one: Member = { name: 'a', content }
  const zip = (name: string, bytes: Uint8Array, sentence: RegExp): Promise<void> =>
    refused(name, () => [...readZip(bytes).values()].map(({ read }) => read()), sentence)
  test('the pieces make a zip', () =>
    assert.equal(
      `${readZip(zipOf([one]))
        .get('a')
        ?.read()}`,
      'content',
    ))
  zip('a checksum that is wrong', zipOf([{ ...one, crc: 1 }]), /a does not match its checksum/)
  zip('two of one name', zipOf([one, one]), /two entries are called a/)
  zip('entries that overlap', zipOf([one, { ...one, name: 'b', at: 0 }]), /overlaps|called/)
  zip(
    'a ratio of a thousand',
    zipOf([{ name: 'a', content: new Uint8Array(100_000_000), deflate: true }]),
    /expand to 100000000/,
  )
  zip(
    'a size that is less',
    zipOf([{ name: 'a', content: new Uint8Array(30_000), deflate: true, size: 10 }]),
    /expand to more than 10/,
  )
  zip('a size that is more', zipOf([{ name: 'a', content, deflate: true, size: 100 }]), /expands to 7/)
  zip('stored in other sizes', zipOf([{ ...one, size: 100 }]), /is stored, but in 7 bytes for 100/)
  zip('an entry beyond the file', zipOf([{ ...one, size: 1000, packed: 1000 }]), /within the directory/)
  zip('another local name', zipOf([{ ...one, localName: 'b' }]), /is called "b" in its local header/)
  zip('an encrypted entry', zipOf([{ ...one, flags: 1 }]), /a is encrypted/)
  zip('a link', zipOf([{ ...one, attributes: 0xa1ff0000 }]), /a is a link/)
  for (const name of ['../a', '/a', 'a/../../b', 'C:\\a', 'a\0b', '']) {
    zip(`the name ${JSON.stringify(name)}`, zipOf([{ ...one, name }]), /an entry is called/)
  }
  zip('more entries than there are', zipOf([one], { count: 2 }), /claimed where 0 are left/)
  zip('fewer entries than there are', zipOf([one, { ...one, name: 'b' }], { count: 1 }), /follow the last entry/)
  zip('zip64 without its record', zipOf([one], { offset: 0xffffffff }), /no zip64 record/)
  zip('a directory beyond the end', zipOf([one], { offset: 0xfffffff0 }), /its directory ends/)
  zip('a zip that is cut', zipOf([one]).subarray(0, 40), /no end record/)
  zip('nothing', new Uint8Array(0), /no end record/)
})

describe('torch', () => {
  const storage = (count: number): Uint8Array =>
    bytesOf(`((S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI${count}\ntQ`)
  const tensor = (offset: string, shape: string, strides: string): Uint8Array =>
    zipOf([
      {
        name: 'm/data.pkl',
        content: bytesOf('ctorch._utils\n_rebuild_tensor_v2\n', storage(4), `${offset}(${shape}t(${strides}tI00\nNtR.`),
      },
      { name: 'm/data/0', content: new Uint8Array(16) },
    ])
  test('the pieces make a tensor', () => assert.doesNotThrow(() => readTorch(tensor('I0\n', 'I2\nI2\n', 'I2\nI1\n'))))
  const torch = (name: string, bytes: Uint8Array, sentence: RegExp): Promise<void> =>
    refused(name, () => readTorch(bytes), sentence)
  torch(
    'a window beyond its storage',
    tensor('I1\n', 'I2\nI2\n', 'I2\nI1\n'),
    /reads element 4 of storage 0, which has 4/,
  )
  torch('a stride of 2^50', tensor('I0\n', 'I2\n', 'L1125899906842624L\n'), /reads element/)
  torch('a negative stride', tensor('I3\n', 'I2\n', 'I-1\n'), /no count/)
  torch('an offset of 2^60', tensor('L1152921504606846976L\n', 'I2\n', 'I1\n'), /no count/)
  torch('too few strides', tensor('I0\n', 'I2\nI2\n', 'I1\n'), /not as many strides/)
  torch('a shape of 2^40', tensor('I0\n', 'I1048576\nI1048576\n', 'I0\nI0\n'), /too many elements/)
  torch(
    'a storage that is short',
    zipOf([
      {
        name: 'm/data.pkl',
        content: bytesOf('ctorch._utils\n_rebuild_tensor_v2\n', storage(5), 'I0\n(I1\nt(I1\ntI00\nNtR.'),
      },
      { name: 'm/data/0', content: new Uint8Array(16) },
    ]),
    /storage 0 has 16 bytes, not 20/,
  )
  torch(
    'two of data.pkl',
    zipOf([
      { name: 'a/data.pkl', content: bytesOf('N.') },
      { name: 'b/data.pkl', content: bytesOf('N.') },
    ]),
    /several data\.pkl/,
  )
  test('an expanded tensor is not copied', () => {
    const read = readTorch(tensor('I0\n', 'I1048576\nI1024\n', 'I0\nI0\n')).value
    refuses(() => contiguous(read as never), /expands storage 0 more than 16 times/)
  })
})

describe('safetensors', () => {
  const file = (head: string, content = 16, size = head.length): Uint8Array =>
    bytesOf(little(size, 8), head, new Uint8Array(content))
  const entry = (start: number, end: number, shape = '[4]', dtype = 'F32'): string =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${start},${end}]}`
  const bad = (name: string, bytes: Uint8Array, sentence: RegExp): Promise<void> =>
    refused(name, () => readSafetensors(bytes), sentence)
  test('the pieces make a file', () => assert.doesNotThrow(() => readSafetensors(file(`{"a":${entry(0, 16)}}   `))))
  bad('a head beyond the file', file('{}', 0, 1000), /1000 bytes are claimed/)
  bad('a head of 2^62', file('{}', 0, 2 ** 62), /a length of/)
  bad('a head of 200 MB', file('{}', 0, 200_000_000), /a head of 200000000 bytes/)
  bad('two of one name', file(`{"a":${entry(0, 16)},"a":${entry(0, 16)}}`), /"a" comes twice/)
  bad('tensors that overlap', file(`{"a":${entry(0, 16)},"b":${entry(8, 24)}}`, 24), /begins at byte 8, not at 16/)
  bad('a hole', file(`{"a":${entry(4, 20)}}`, 20), /begins at byte 4, not at 0/)
  bad('a rest', file(`{"a":${entry(0, 16)}}`, 20), /end at byte 16 of 20/)
  bad('beyond the end', file(`{"a":${entry(0, 32, '[8]')}}`), /ends at byte 32 of 16/)
  bad('another shape', file(`{"a":${entry(0, 16, '[5]')}}`), /takes 20 bytes, and has 16/)
  bad('a dtype of nobody', file(`{"a":${entry(0, 16, '[4]', 'F33')}}`), /the dtype F33/)
  bad('a negative shape', file(`{"a":${entry(0, 16, '[-4]')}}`), /a size of -4/)
  bad('a shape of 2^60', file(`{"a":${entry(0, 16, '[1152921504606846976]')}}`), /a size of/)
  bad('space before the head', file(` {"a":${entry(0, 16)}}`), /does not begin with \{/)
  bad('NaN', file('{"a":NaN}', 0), /NaN is no JSON/)
})

describe('JSON and UBJSON', () => {
  const json = (name: string, text: string, sentence: RegExp): Promise<void> =>
    refused(name, () => parseJson(text, { format: 'json', nonFinite: true }), sentence)
  json('deep arrays', '['.repeat(1_000_000), /nested deeper/)
  json('a string that does not end', `"${'a'.repeat(1_000_000)}`, /does not end/)
  json('backslashes', `"${'\\'.repeat(1_000_001)}`, /does not end/)
  json('spaces', ' '.repeat(1_000_000), /there is no value/)
  json('a key that comes twice', '{"a":1,"a":2}', /comes twice/)
  json('a broken escape', '"\\x"', /broken escape/)
  const ubjson = (name: string, bytes: Uint8Array, sentence: RegExp): Promise<void> =>
    refused(name, () => readUbjson(bytes), sentence)
  ubjson('deep arrays', bytesOf('['.repeat(1_000_000)), /nested deeper/)
  ubjson('items without bytes', bytesOf('[$T#l\x7f\xff\xff\xff'), /items of type "T"/)
  ubjson('nulls without bytes', bytesOf('[#l\x7f\xff\xff\xff', 'Z'.repeat(10)), /2147483647 items are claimed/)
  ubjson('floats beyond the end', bytesOf('[$d#l\x7f\xff\xff\xff'), /8589934588 bytes are claimed/)
  ubjson('a negative length', bytesOf('Sl\xff\xff\xff\xff'), /a length of -1/)
})

describe('a file that is cut anywhere is refused', () => {
  const cut = (name: string, read: (bytes: Uint8Array) => unknown): Promise<void> =>
    test(name, () => {
      const bytes = readFileSync(`${FIXTURES}formats/${name}`)
      const step = Math.max(1, Math.floor(bytes.length / 500))
      for (let end = 0; end < bytes.length; end += step) {
        assert.throws(() => read(bytes.subarray(0, end)), InferError, `${end} bytes`)
      }
    })
  for (const protocol of [0, 1, 2, 3, 4, 5]) cut(`plain-${protocol}.pkl`, readJoblib)
  cut('zoo.joblib', readJoblib)
  for (const codec of ['zlib3', 'gzip3', 'bz23', 'lzma3', 'xz3', 'lz43']) cut(`small-${codec}.joblib`, readJoblib)
  cut('tensors.torch', readTorch)
  cut('tensors-legacy.torch', readTorch)
  cut('module.pt', readTorch)
  cut('tensors.safetensors', readSafetensors)
  cut('structure.npy', readNpy)
})

describe('other codecs', () => {
  refused('bzip2 of nothing', () => decompressBzip2(Buffer.from('BZh9')), /cut short/)
  test('thousands of empty bzip2 streams', () => {
    const empty = bytesOf('BZh9\x17\x72\x45\x38\x50\x90', 0, 0, 0, 0)
    const start = performance.now()
    assert.equal(decompressBzip2(bytesOf(...Array.from({ length: 50_000 }, () => empty))).length, 0)
    assert.ok(performance.now() - start < MAX_MS)
  })
  refused('xz of nothing', () => decompressXz(Buffer.from('\xfd7zXZ\0', 'latin1')), /claimed where 0 are left/)
  refused(
    'lz4 that refers back too far',
    () =>
      decompressLz4(
        bytesOf(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0, little(4, 4), 0x10, 'a', little(9, 2), little(0, 4)),
      ),
    /before its block/,
  )
})
