import { ints } from '../../onnx/numbers.ts'
import { createTensor } from '../../tensor/tensor.ts'
import type { Args } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { reduceBy } from './reduce.ts'
import { knownSize, type Size } from './size.ts'
import { gatherWindows, sliding, type WindowMap, windowMap } from './window.ts'

/** Images to columns of windows and back (aten's Im2Col.cpp, Col2Im.cpp), and weights by their norm. */

interface Windows {
  readonly map: WindowMap
  readonly blocks: readonly number[]
}

function windowsOf(t: Aten, a: Args, space: readonly number[]): Windows {
  const [kernel, dilation, padding, stride] = ['kernel_size', 'dilation', 'padding', 'stride'].map((name) =>
    a.ints(name, 2),
  ) as [readonly number[], readonly number[], readonly number[], readonly number[]]
  const blocks = space.map((size, i) => {
    const reach = (dilation[i] as number) * ((kernel[i] as number) - 1) + 1
    return Math.floor((size + 2 * (padding[i] as number) - reach) / (stride[i] as number)) + 1
  })
  const map = windowMap(
    t,
    space.map((size, i) => ({
      size,
      kernel: kernel[i] as number,
      out: blocks[i] as number,
      place: sliding(stride[i] as number, padding[i] as number, dilation[i] as number),
    })),
  )
  return { map, blocks }
}

/** [..., c, h, w] to [..., c·k, blocks] */
const im2col: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const space = x.dims.slice(-2).map((size) => knownSize(size, 'unfold'))
  const { map } = windowsOf(t, a, space)
  const outer = x.dims.slice(0, -3)
  const channels = x.dims.at(-3) as number
  const flat = t.reshape(t.value(x), [...outer, channels, (space[0] as number) * (space[1] as number)])
  const windows = gatherWindows(t, flat, map, outer.length + 2)
  const dims = [...outer, channels * map.window, map.count]
  return t.moved(t.reshape(windows, dims), x.dtype, dims)
}

/** The transpose: each pixel is the sum of what the windows have of it. */
const col2im: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const space = a.ints('output_size', 2)
  const { map } = windowsOf(t, a, space)
  const size = (space[0] as number) * (space[1] as number)
  const outer = x.dims.slice(0, -2)
  const channels = knownSize(x.dims.at(-2), 'fold') / map.window
  const columns = t.reshape(t.value(x), [...outer, channels, map.window * map.count])
  t.reserve(size)
  const readers: number[][] = Array.from({ length: size }, () => [])
  map.index.forEach((pixel, i) => {
    readers[pixel]?.push(i)
  })
  const most = Math.max(1, ...readers.map(({ length }) => length))
  const index = Int32Array.from(
    { length: most * size },
    (_, i) => readers[i % size]?.[Math.floor(i / size)] ?? map.window * map.count,
  )
  const rank = outer.length + 2
  const pads = [...new Array<number>(2 * rank - 1).fill(0), 1]
  const padded = t.node('Pad', [columns, ints(pads), t.graph.operand(0, columns.dtype)])
  const gathered = t.node('Gather', [padded, t.makeup(createTensor('int32', [most, size], index))], { axis: rank - 1 })
  const sum = t.node('ReduceSum', [gathered, ints([rank - 1])], { keepdims: 0 })
  const dims: Size[] = [...outer, channels, ...space]
  return t.made(t.reshape(sum, dims), x.dtype, dims)
}

/** v · g/‖v‖ over all axes but one; over all where dim is -1. */
const weightNorm: AtenFunction = (t, a) => {
  const [v, g] = [a.tensor('v'), a.tensor('g')]
  const axis = a.int('dim')
  const axes = v.dims.map((_, i) => i).filter((i) => i !== axis)
  const value = t.value(v)
  const norm = t.node('Sqrt', [reduceBy(t, 'ReduceSum', t.node('Mul', [value, value]), axes, axis !== -1)])
  return t.made(t.node('Mul', [value, t.node('Div', [t.value(g), norm])]), v.dtype, v.dims)
}

// biome-ignore format: one row per operator
export const FOLDS = {
  _weight_norm: { parameters: 'v, g, dim=0', run: weightNorm },
  col2im: { parameters: 'self, output_size, kernel_size, dilation, padding, stride', run: col2im },
  im2col: { parameters: 'self, kernel_size, dilation, padding, stride', run: im2col },
} as const satisfies Record<string, AtenOperator>
