import { readTorch, type TorchScript } from '../formats/torch.ts'
import type { TorchSave } from '../formats/torch-save.ts'
import { isObject, isTensor, type Value } from '../formats/values.ts'
import { type Inspection, MAX_LISTED, type Port, shapeText, type TreeNode } from './inspection.ts'
import { parametersOf } from './parameters.ts'
import { libraryOf } from './pickles.ts'
import { outlineOf, shortName, treeOf } from './tree.ts'

type Found = Partial<Pick<Inspection, 'facts' | 'tree' | 'tensors' | 'parameters' | 'globals'>> & {
  readonly arraysOnly?: boolean
}

/** A file of `torch.save` or `torch.jit.save`. */
export function inspectTorch(bytes: Uint8Array): Found {
  const read = readTorch(bytes)
  return read.format === 'torchscript' ? inspectScript(read) : inspectSave(read)
}

function inspectSave({ value, globals, sources, container }: TorchSave): Found {
  const facts: [string, string][] = [['library', libraryOf(value, globals) ?? 'Torch']]
  if (container === 'legacy') facts.push(['container', 'of torch before 1.6'])
  if (sources.size > 0) facts.push(['source text of', [...sources.keys()].slice(0, 20).join(', ')])
  const tensors = tensorsOf(value)
  return {
    facts,
    tree: tensors.length > 0 ? null : (treeOf(value) ?? outlineOf(value)),
    tensors,
    parameters: parametersOf(value),
    globals,
    arraysOnly: tensors.length > 0,
  }
}

/** Of a state_dict: a dict of nothing but tensors. */
function tensorsOf(value: Value): readonly Port[] {
  if (isTensor(value)) return [{ name: '', dtype: value.dtype, shape: shapeText(value.shape) }]
  if (!(value instanceof Map) || value.size === 0 || ![...value.values()].every(isTensor)) return []
  return [...value].slice(0, MAX_LISTED).map(([name, tensor]) => ({
    name: String(name),
    ...(isTensor(tensor) ? { dtype: tensor.dtype, shape: shapeText(tensor.shape) } : { dtype: '', shape: '' }),
  }))
}

function inspectScript({ value, constants, globals, code, version }: TorchScript): Found {
  const tree = treeOf(value)
  const facts: [string, string][] = [['library', `TorchScript, archive version ${version}`]]
  if (constants.length > 0) facts.push(['constants', String(constants.length)])
  return {
    facts,
    tree: tree === null ? null : withMethods(tree, value, code),
    parameters: parametersOf(value, ...constants),
    globals,
  }
}

const withMethods = (tree: TreeNode, value: Value, code: TorchScript['code']): TreeNode =>
  isObject(value)
    ? {
        ...tree,
        note: methodsOf(value.type, code)
          .map((name) => `${name}()`)
          .join(', '),
      }
    : tree

/** The methods of a class: its file is named by its module, and it is a block of that. */
function methodsOf(type: string, code: TorchScript['code']): string[] {
  const path = `${type.split('.').slice(0, -1).join('/')}.py`
  const lines = (code.get(path) ?? '').split('\n')
  const start = lines.findIndex((line) => line.startsWith(`class ${shortName(type)}(`))
  if (start < 0) return []
  const methods: string[] = []
  for (const line of lines.slice(start + 1)) {
    if (/^\S/.test(line)) break
    const name = /^ {2}def (\w+)\(/.exec(line)?.[1]
    if (name !== undefined && methods.length < 100) methods.push(name)
  }
  return methods
}
