import { FieldReader } from '../formats/protobuf.ts'
import { readOnnxModel } from '../onnx/model.ts'
import { elementType, NODE } from '../onnx/schema.ts'
import { readTensorHead } from '../onnx/tensor-head.ts'
import type { ValueInfo, ValueType } from '../onnx/value-type.ts'
import { readQualifiedName, walk } from '../onnx/walk.ts'
import { byCount, type Inspection, type Port, shapeText } from './inspection.ts'
import { ParameterCount } from './parameters.ts'

/** An ONNX model, but for what every format has. The limits are those of `readOnnxModel`. */
export function inspectOnnx(
  bytes: Uint8Array,
): Pick<Inspection, 'facts' | 'inputs' | 'outputs' | 'operators' | 'parameters'> {
  const model = readOnnxModel(bytes)
  const { name, version } = model.producer
  const counts = new Map<string, number>()
  const parameters = new ParameterCount()
  walk(new FieldReader(bytes), 'model', (kind, message) => {
    if (kind === 'node') {
      const operator = readQualifiedName(message, { domain: NODE.domain, name: NODE.opType }).replace(/^:/, '')
      counts.set(operator, (counts.get(operator) ?? 0) + 1)
    } else if (kind === 'tensor') {
      const { dataType, dims } = readTensorHead(message)
      const type = elementType(dataType)
      const count = Number(dims.reduce((product, dim) => product * dim, 1n))
      parameters.add(type.dtype ?? type.name, count, Math.ceil((count * type.bits) / 8))
    }
  })
  const opsets = [...model.opsets].map(([domain, opset]) => `${domain === '' ? 'ai.onnx' : domain} ${opset}`)
  const facts: [string, string][] = [['opsets', `${opsets.join(', ')}; IR ${model.irVersion}`]]
  if (name !== '') facts.push(['library', `${name} ${version}`.trim()])
  if (model.functions.size > 0) facts.push(['functions', [...model.functions].join(', ')])
  const files = [...new Set(model.externalData.map(({ location }) => location))]
  if (files.length > 0) facts.push(['external data', files.join(', ')])
  return {
    facts,
    inputs: model.inputs.map(port),
    outputs: model.outputs.map(port),
    operators: byCount(counts),
    parameters: parameters.sum,
  }
}

const port = ({ name, type }: ValueInfo): Port => {
  const dims = type.kind === 'tensor' ? type.dims : null
  return { name, dtype: typeText(type), shape: dims === null ? '' : shapeText(dims) }
}

function typeText(type: ValueType): string {
  switch (type.kind) {
    case 'tensor':
      return type.dtype ?? type.element
    case 'sequence':
      return `sequence of ${typeText(type.of)}`
    case 'map':
      return `map of ${type.key} to ${typeText(type.value)}`
    case 'sequence-of-maps':
      return `maps of ${type.key} to ${typeText(type.value)}`
    case 'optional':
      return `optional ${typeText(type.of)}`
    case 'other':
      return 'of another type'
  }
}
