/** What `inspect` finds in files of every format, against what made them (`fixtures/make`). */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { inspect } from '../../src/inspect/inspect.ts'
import type { Inspection, TreeNode } from '../../src/inspect/inspection.ts'
import { bytesOf, zipOf } from '../formats/hostile.ts'
import { FIXTURES, ROOT, SHARED, withoutShared } from '../support/paths.ts'

const read = (name: string): Inspection => inspect(readFileSync(`${FIXTURES}${name}`))
const fact = ({ facts }: Inspection, label: string): string | undefined => facts.find(([name]) => name === label)?.[1]
/** A tree as nested lines. */
const lines = (node: TreeNode | null, indent = ''): string[] =>
  node === null
    ? []
    : [
        `${indent}${node.name} ${node.type} ${node.note}`.trimEnd(),
        ...node.children.flatMap((child) => lines(child, `${indent} `)),
      ]

describe('a model', () => {
  test('of ONNX: opsets, inputs, outputs, operators, parameters, served', () => {
    const found = inspect(readFileSync(`${ROOT}workflows/default/model.onnx`))
    assert.deepEqual([found.format, found.served.now], ['onnx', true])
    assert.deepEqual(found.inputs, [{ name: 'x', dtype: 'float64', shape: '[n, 69]' }])
    assert.deepEqual(found.outputs, [{ name: 'y', dtype: 'float64', shape: '[n]' }])
    assert.deepEqual(found.operators.slice(0, 3), [
      ['Add', 2],
      ['Div', 2],
      ['Exp', 1],
    ])
    assert.deepEqual(found.parameters, { count: 209, bytes: 1672, dtypes: [['float64', 209]] })
    assert.match(fact(found, 'opsets') ?? '', /^ai\.onnx 17; IR \d+$/)
  })
  test('of ONNX whose weights are in another file', () =>
    assert.equal(fact(read('onnx/external.onnx'), 'external data'), 'external.bin'))
  test('of scikit-learn: the estimators within, forests in a line, its version', () => {
    const found = read('formats/others/forest.pkl')
    assert.deepEqual(lines(found.tree), [
      ' Pipeline',
      ' standardscaler StandardScaler 3 features',
      ' randomforestclassifier RandomForestClassifier 3 features, 3 classes',
      '  0-2 3 × DecisionTreeClassifier 3 features, 3 classes, 19 nodes',
    ])
    assert.equal(fact(found, 'library'), 'scikit-learn 0.24.2')
    assert.deepEqual([found.globals, found.served.now], [[], true])
  })
  test('of LightGBM, as text and within an estimator', () => {
    const [text, pickle] = [read('formats/others/lightgbm.txt'), read('formats/others/lightgbm.pkl')]
    assert.deepEqual(
      ['objective', 'trees', 'features', 'classes'].map((label) => fact(text, label)),
      ['multiclass num_class:3', '6 trees, 18 leaves', '3', '3'],
    )
    assert.deepEqual([fact(pickle, 'trees'), fact(pickle, 'objective')], ['2 trees, 6 leaves', 'regression'])
  })
  test('of XGBoost, in every form', () => {
    const binary = read('formats/xgboost/0.90-multi.bin')
    assert.deepEqual(
      ['library', 'objective', 'booster', 'trees', 'features', 'classes'].map((label) => fact(binary, label)),
      ['XGBoost before 1.0', 'multi:softprob', 'gbtree', '9 trees, 61 nodes', '5', '3'],
    )
    assert.equal(fact(read('formats/xgboost/1.2-bin.pkl'), 'objective'), 'binary:logistic')
    assert.equal(fact(read('formats/xgboost/1.5-bin.bin.json'), 'library'), 'XGBoost 1.5.2')
    assert.equal(fact(read('formats/xgboost/1.2-linear.bin'), 'booster'), 'gblinear')
  })
  test('of Torch: modules with their sizes', () => {
    const found = read('formats/module.torch')
    assert.deepEqual(lines(found.tree), [' Sequential', ' 0 Linear 3 → 2', ' 1 ReLU'])
    assert.deepEqual(found.parameters, { count: 8, bytes: 32, dtypes: [['float32', 8]] })
  })
  test('of TorchScript: classes and methods', () => {
    const found = read('formats/module.pt')
    assert.equal(found.format, 'torchscript')
    assert.deepEqual(lines(found.tree), [' Sequential forward(), __len__()', ' 0 Linear', ' 1 ReLU'])
  })
  test('that is only weights says so', () => {
    for (const name of ['tensors.torch', 'arrays.npz', 'tensors.safetensors', 'f8_F.npy']) {
      const found = read(`formats/${name}`)
      assert.ok(found.tensors.length > 0, name)
      assert.match(found.served.how, /^it holds arrays and no model/)
    }
  })
  test('of a class that no file holds is told by its name', () => {
    const found = inspect(bytesOf('c__main__\nNet\n)', 0x81, '}b.'))
    assert.deepEqual(found.globals, ['__main__.Net'])
    assert.equal(found.served.how, '`__main__.Net` is named: the file holds no code of it')
  })
  test('of objects in a .npy tells what they name', () => {
    const head = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
    const array = bytesOf('cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\x01btR.')
    const found = inspect(bytesOf('\x93NUMPY\x01\0', head.length, 0, head, 'cos\nsystem\n0', array))
    assert.deepEqual(found.globals, ['os.system'])
    assert.match(found.served.how, /^it names `os\.system`, by which pickles run code/)
  })
  test('of which only the beginning is read says how much is behind', () =>
    assert.equal(fact(inspect(bytesOf('N.cos\nsystem\n.')), 'behind its end'), '12 bytes, which Python and we ignore'))
  test('that is none says what it is', () => {
    const found = inspect(bytesOf('<html>'))
    assert.deepEqual([found.format, found.what], [null, 'a web page, perhaps of a log-in or an error'])
  })
  test('that is broken is refused', () => assert.throws(() => inspect(bytesOf(0x80, 4, 0x95)), InferError))
})

describe('an exported program', () => {
  const program = {
    torch_version: '2.6.0',
    graph_module: {
      graph: {
        nodes: [
          { target: 'torch.ops.aten.linear.default' },
          { target: 'torch.ops.aten.relu.default' },
          { target: 'torch.ops.aten.linear.default' },
        ],
        tensor_values: {
          w: { dtype: 7, sizes: [{ as_int: 3 }, { as_int: 4 }] },
          x: {
            dtype: 8,
            sizes: [{ as_expr: { expr_str: "Symbol('s0', positive=True, integer=True)" } }, { as_int: 4 }],
          },
          y: { dtype: 7, sizes: [{ as_expr: { expr_str: 's77' } }, { as_int: 3 }] },
        },
      },
      signature: {
        input_specs: [{ parameter: { arg: { name: 'w' } } }, { user_input: { arg: { as_tensor: { name: 'x' } } } }],
        output_specs: [{ user_output: { arg: { as_tensor: { name: 'y' } } } }],
      },
    },
  }
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
  for (const name of ['serialized_exported_program.json', 'm/models/model.json']) {
    test(name, () => {
      const found = inspect(
        zipOf([
          { name, content: json(program) },
          { name: 'm/archive_format', content: Buffer.from('pt2') },
        ]),
      )
      assert.deepEqual(found.inputs, [{ name: 'x', dtype: 'float64', shape: '[s0, 4]' }])
      assert.deepEqual(found.outputs, [{ name: 'y', dtype: 'float32', shape: '[s77, 3]' }])
      assert.deepEqual(found.operators, [
        ['aten.linear.default', 2],
        ['aten.relu.default', 1],
      ])
      assert.deepEqual(found.parameters, { count: 12, bytes: 48, dtypes: [['float32', 12]] })
    })
  }
  test('one that is compiled is refused', () =>
    assert.throws(
      () => inspect(zipOf([{ name: 'm/archive_format', content: Buffer.from('pt2') }])),
      /it holds no graph/,
    ))
})

describe('what a stranger may do', () => {
  test('a tree of what is shared stays small', () => {
    const start = performance.now()
    const level = (i: number): string => `cm\nP\n)\x81}Vsteps\n((Va\ng${i}\nt(Vb\ng${i}\nttsbp${i + 1}\n0`
    const text = `cm\nP\n)\x81}bp0\n0${Array.from({ length: 40 }, (_, i) => level(i)).join('')}g40\n.`
    const found = inspect(bytesOf(text))
    assert.ok(lines(found.tree).length < 20_000 && performance.now() - start < 2000)
  })
  const quick = (name: string, text: string): Promise<void> =>
    test(name, () => {
      const start = performance.now()
      inspect(bytesOf(text))
      assert.ok(performance.now() - start < 2000, `${(performance.now() - start).toFixed(0)} ms`)
    })
  const times = (count: number, text: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => text(i)).join('')
  const fresh = 'cm\nP\n)\x81'
  const parent = (i: number): string => `${fresh}}Vestimators_\n](g${i}\n${fresh}esbp${i + 1}\n0`
  quick('deep trees with siblings', `${fresh}p0\n0${times(60, parent)}g60\n.`)
  const holder = (i: number): string =>
    `${fresh}}(Vestimators_\ng0\nVregressor_\ng${i + 1}\nVfinal_estimator_\ng${i + 1}\nubp${i + 2}\n0`
  const long = `](${'N'.repeat(500_000)}ep0\n0`
  quick('many that share a long list', `${long}${fresh}p1\n0${times(60, holder)}g61\n.`)
  const lists = times(900, (i) => `](${times(1000, () => ']')}ep${i}\n0`)
  quick('lists of lists', `${lists}](${times(900, (i) => `g${i}\n`)}e.`)
  test('an object within itself ends', () => {
    const found = inspect(bytesOf('cm\nP\n)\x81p0\n}Vestimator_\ng0\nsb.'))
    assert.ok(lines(found.tree).length < 100)
  })
})

describe('shared fixtures', { skip: withoutShared }, () => {
  const folder = `${SHARED}fixtures/`
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []
  test('every model is told', () => {
    let trees = 0
    for (const file of files.filter((name) => /\.(pkl|joblib|torch|pt|pt2|ubj|bin|onnx)$/.test(name))) {
      const found = inspect(readFileSync(folder + file))
      if (found.format === null) assert.match(found.what, /did not finish/, file)
      else assert.ok(found.tree !== null || found.facts.length > 0 || found.tensors.length > 0, file)
      if (found.tree !== null) trees++
      assert.ok(JSON.stringify(found).length < 100_000, file)
      if (/^sklearn\//.test(file)) {
        assert.deepEqual(found.globals, [], file)
        const version = file.split('/')[1] as string
        if (!/fmt/.test(file))
          assert.ok(
            [version, undefined].includes(fact(found, 'library')?.split(' ')[1]),
            `${file}: ${fact(found, 'library')}`,
          )
      }
    }
    assert.ok(trees > 400)
  })
  test('programs of torch.export have inputs, outputs and operators', () => {
    for (const file of files.filter((name) => name.endsWith('.pt2'))) {
      const { inputs, outputs, operators, parameters } = inspect(readFileSync(folder + file))
      assert.ok(inputs.length > 0 && outputs.length > 0 && operators.length > 0 && parameters.count >= 0, file)
    }
  })
})
