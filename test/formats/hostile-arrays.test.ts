/** Arrays, tensors and their files from an enemy: what lies of its size is refused. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { readJoblib } from '../../src/formats/joblib.ts'
import { readNpy } from '../../src/formats/npy.ts'
import { readSafetensors } from '../../src/formats/safetensors.ts'
import { readTorch } from '../../src/formats/torch.ts'
import { contiguous } from '../../src/formats/torch-tensor.ts'
import { bytesOf, little, zipOf } from './hostile.ts'
import { pickle, refused, refuses } from './refusals.ts'

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
  test('a pickle within hides nothing that it names', () => {
    const objects = float.replaceAll("'f8'", "'O8'")
    const inner = bytesOf('cos\nsystem\n0cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n(I0\ntC\x01b', 0x87)
    const array = bytesOf(inner, 'R(I1\n(I1\nt', objects, 'I00\n(Nltb.')
    const file = bytesOf(
      `cjoblib.numpy_pickle\nNumpyArrayWrapper\n)`,
      0x81,
      `(dS'dtype'\n${objects}sS'shape'\n(I1\ntsS'order'\nS'C'\nsb`,
    )
    assert.ok(readJoblib(bytesOf(file, array, '.')).globals.includes('os.system'))
  })
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
    'a tar of torch before 0.1.10',
    bytesOf('sys_info', new Uint8Array(249), 'ustar\0', new Uint8Array(249)),
    /^torch: a tar of torch\.save before 0\.1\.10: load it with a torch of that time/,
  )
  torch('a pickle', bytesOf('N.'), /^torch: /)
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
