import type { TorchScript } from '../../formats/torch.ts'
import type { TorchSave } from '../../formats/torch-save.ts'
import { attributesOf, isObject, type PyObject, type Value } from '../../formats/values.ts'
import { publicName } from '../torch/module.ts'
import { moduleOf } from '../torch/root.ts'
import { knownCode } from './known.ts'
import type { SourceFinder } from './library.ts'

/** A model, and the code that its classes are defined in. */
export interface Program {
  readonly value: Value
  /** What `CONSTANTS.cN` are. */
  readonly constants: readonly Value[]
  /** The text of a module by its dotted name. */
  readonly find: SourceFinder
}

/** What a file of TorchScript is, as a program. */
export const programOf = ({ value, constants, code }: TorchScript): Program => ({
  value,
  constants,
  find: (module) => code.get(`${module.replaceAll('.', '/')}.py`),
})

/**
 * A pickled module of classes of people's own, with the code that is at hand: of the class path, of a legacy file
 * itself (which has the text of classes, without what their file imports), of classes that are known here.
 * @param find the text of a module on the class path: of `net.layers` that of `net/layers.py`
 * @throws InferError bad_model where the file holds no module
 */
export function classProgramOf({ value, sources }: TorchSave, find: SourceFinder): Program {
  const carried = new Map<string, string[]>()
  for (const [type, text] of sources) {
    const module = type.slice(0, type.lastIndexOf('.'))
    if (!isOwn(type)) continue
    carried.set(module, [...(carried.get(module) ?? [IMPORTS]), dedent(text)])
  }
  return {
    value: moduleOf(value),
    constants: [],
    find: (module) => find(module) ?? carried.get(module)?.join('\n') ?? knownCode.get(module),
  }
}

/** What files of models import, by the names that they give it. */
const IMPORTS = `
import math
import torch
import torch as th
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.functional as functional
from typing import *
from torch import Tensor
from torch.nn import Module, ModuleList, ModuleDict, Sequential, Linear, Parameter
`

/** A class that stands in a function is indented as it stands there. */
function dedent(text: string): string {
  const indent = /^[ \t]*/.exec(text.replace(/^\s*\n/, ''))?.[0] ?? ''
  return indent === '' ? text : text.replace(new RegExp(`^${indent}`, 'gm'), '')
}

/** Whether a class is somebody's own: of neither torch nor sk2torch. */
export const isOwn = (type: string): boolean => !/^(torch|sk2torch)\./.test(publicName(type))

/** Objects that are looked at for classes. */
const MAX_LOOKED = 100_000

/** Whether a file has classes whose code is needed: else convertTorch does without. */
export function needsCode(root: Value): boolean {
  return [...modulesIn(moduleOf(root))].some(([{ type }]) => isOwn(type))
}

/** The modules of a module, itself first, each with its path. */
export function* modulesIn(root: PyObject): Generator<[module: PyObject, path: string]> {
  const seen = new Set<PyObject>()
  const queue: [PyObject, string][] = [[root, '']]
  for (let next = queue.shift(); next && seen.size < MAX_LOOKED; next = queue.shift()) {
    const [module, path] = next
    if (seen.has(module)) continue
    seen.add(module)
    yield next
    const held = attributesOf(module).get('_modules')
    if (!(held instanceof Map)) continue
    for (const [name, value] of held)
      if (isObject(value)) queue.push([value, path === '' ? String(name) : `${path}.${String(name)}`])
  }
}
