/** Where we answer otherwise than the recorded Python services, on purpose: a row a difference, with its reason. */
import assert from 'node:assert/strict'
import { decodeRitualVector } from '../../src/codecs/ritual-vector.ts'

export interface Row {
  readonly case: string
  readonly model: string
  readonly request: { method: string; path: string; headers: Record<string, string>; body: string | null }
  readonly status: number | 'raises'
  readonly body: string | null
}

export interface Fix {
  readonly why: string
  readonly status: number
  /** What a 200 must hold, where that is not what was recorded. */
  readonly body?: (ours: Record<string, unknown>, row: Row) => void
}

interface FixRow extends Fix {
  readonly files: RegExp
  readonly cases: RegExp
  readonly when?: (row: Row) => boolean
}

const IRIS_ONNX = [0.0010151526657864451, 0.014391022734344006, 0.9845937490463257]
const IRIS_TORCH = [0.0016699483385309577, 0.021144982427358627, 0.977185070514679]

function close(ours: unknown, theirs: readonly number[], tolerance = 1e-6): void {
  const values = (ours as unknown[]).flat(3) as number[]
  assert.equal(values.length, theirs.length)
  for (const [i, value] of values.entries())
    assert.ok(Math.abs(value - (theirs[i] as number)) <= tolerance, `value ${i} is ${value}`)
}

/** The three probabilities, wherever the profile puts them. */
const iris =
  (expected: readonly number[], tolerance?: number) =>
  (ours: Record<string, unknown>): void => {
    const result = (ours.result as Record<string, unknown>[] | undefined)?.[0]
    if (ours.raw_output !== undefined)
      close(Array.from(decodeRitualVector(ours.raw_output as string).data as Float32Array), expected, tolerance)
    else close(ours.data ?? ours.values ?? result?.values, expected, tolerance)
  }

const torchIris = iris(IRIS_TORCH)
const onnxIris = iris(IRIS_ONNX)
const NON_FINITE: Record<string, string> = { NaN: 'null', Infinity: '"Infinity"', '-Infinity': '"-Infinity"' }

/** The recorded text with what is no JSON spelled as we spell it. */
export const asJson = (text: string): string => text.replace(/-?Infinity|NaN/g, (token) => NON_FINITE[token] as string)

const bareArray = (ours: Record<string, unknown>, row: Row): void =>
  close(ours.data, (JSON.parse(row.body as string) as number[]).flat(3))

// biome-ignore format: one row per difference
const FIXES: readonly FixRow[] = [
  { files: /v010|v1|v2/, cases: /^index$/, status: 200, why: 'GET / is JSON with more keys', body: (ours) => assert.equal(typeof ours.message, 'string') },
  { files: /./, cases: /_0x$/, when: (row) => !/on_0x_only/.test(row.case) && row.model === 'iris.torch', status: 200, why: '0x is accepted', body: torchIris },
  { files: /./, cases: /_0x$/, when: (row) => row.model === 'iris.onnx', status: 200, why: '0x is accepted', body: onnxIris },
  { files: /./, cases: /nan_literal|identity_\w+_8$/, when: (row) => /\bNaN\b/.test(row.request.body ?? ''), status: 400, why: 'NaN and Infinity are no JSON' },
  { files: /v010_torch/, cases: /identity_c\w+_11/, status: 400, why: 'complex is refused even where empty' },
  { files: /v010_torch/, cases: /identity_shape 5|sum0/, status: 200, why: 'a scalar is answered as one row', body: (ours, row) => close(ours.data, [row.case === 'sum0' ? 2 : 5]) },
  { files: /v010_torch/, cases: /chain_is_double_mismatch/, status: 200, why: 'a chain payload is cast to the model\'s float dtype', body: torchIris },
  { files: /v010_onnx/, cases: /^(json_ctype_suffix|json_ctype_charset|ok|chain|ints)$/, status: 200, why: 'the bare array becomes an object, which the node can deliver', body: bareArray },
  { files: /v010_onnx/, cases: /^chain_array$/, status: 200, why: 'an int256[] is not read as four uint64', body: onnxIris },
  { files: /v010_onnx/, cases: /^with_destination$/, status: 200, why: 'destination 0 gets the five keys', body: (ours) => assert.deepEqual(Object.keys(ours).sort(), ['processed_input', 'processed_output', 'proof', 'raw_input', 'raw_output']) },
  { files: /onnx/, cases: /^(two_rows|on_two_rows|shape_2rows|shape_2rows_onchain)$/, status: 200, why: 'a fixed batch of 1 is run row by row', body: (ours) => assert.ok(!('code' in ours)) },
  { files: /v[12]_torch/, cases: /^no_dest$/, status: 200, why: 'a missing destination is off chain', body: torchIris },
  { files: /v[12]_onnx/, cases: /^no_dest$/, status: 200, why: 'a missing destination is off chain', body: onnxIris },
  { files: /v1_torch/, cases: /^(flat_values|dtype_double|on_double)$/, status: 200, why: 'flat values are taken; floats are cast to the model\'s', body: torchIris },
  { files: /v1_onnx/, cases: /^(flat_values|dtype_double|on_double)$/, status: 200, why: 'flat values are taken; floats are cast to the model\'s', body: onnxIris },
  { files: /v1_onnx/, cases: /^missing_shape$/, status: 200, why: '{dtype, values} needs no shape', body: onnxIris },
  { files: /v[12]_onnx/, cases: /^(source|dest)_stream$/, status: 400, why: 'STREAM was answered with 200 and HTML' },
  { files: /v2_torch/, cases: /^(on_on_fixed_in|on_on_f64|dtype_name|dtype_f64|dtype_f128)$/, status: 200, why: 'floats are cast to the model\'s; dtype names are taken', body: torchIris },
  { files: /v2_onnx/, cases: /^(on_on_fixed_in|on_on_f64|dtype_name|dtype_f64|dtype_f128)$/, status: 200, why: 'floats are cast to the model\'s; dtype names are taken', body: onnxIris },
  { files: /v2_torch/, cases: /^dtype_f16$/, status: 200, why: 'floats are cast to the model\'s', body: iris(IRIS_TORCH, 2e-5) },
  { files: /v2_onnx/, cases: /^dtype_f16$/, status: 200, why: 'floats are cast to the model\'s', body: iris(IRIS_ONNX, 2e-5) },
  { files: /v2_torch/, cases: /^on_on_out_fixed$/, status: 200, why: 'the output options of a chain request are honoured', body: iris([0.001669, 0.021144, 0.977185]) },
  { files: /v2_onnx/, cases: /^on_on_out_fixed$/, status: 200, why: 'the output options of a chain request are honoured', body: iris([0.001015, 0.014391, 0.984593]) },
  { files: /v2/, cases: /^model_no_file$/, status: 200, why: 'an id without a file means the only model of its repository that is served', body: onnxIris },
  { files: /v2_onnx/, cases: /^shape_neg2$/, status: 400, why: 'numpy took -2 for -1' },
  { files: /v2/, cases: /^resources(\?model_id=)?$/, status: 200, why: 'the hardware is this machine\'s', body: (ours) => assert.equal(ours.version, '0.1.0') },
  { files: /v2/, cases: /^resources.*iris-classification$/, status: 200, why: 'an id without a file means the only model of its repository that is served', body: (ours) => assert.equal(ours.supported, true) },
  { files: /v2_onnx/, cases: /^resources.*iris\.torch$/, status: 200, why: 'what is in a file counts, not its name: here it is an ONNX graph', body: (ours) => assert.equal(ours.supported, true) },
  { files: /v2_torch/, cases: /^resources.*iris\.onnx$/, status: 200, why: 'the Torch workflow runs ONNX files', body: (ours) => assert.equal(ours.supported, true) },
]

const used = new Set<Fix>()

export function fixFor(file: string, row: Row): Fix | undefined {
  const found = FIXES.find((fix) => fix.files.test(file) && fix.cases.test(row.case) && (fix.when?.(row) ?? true))
  if (found) used.add(found)
  return found
}

/** Reasons of the rows that no exchange has needed so far. */
export const unusedFixes = (): string[] =>
  FIXES.filter((fix) => !used.has(fix)).map(({ cases, why }) => `${cases}: ${why}`)
