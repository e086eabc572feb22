import type { Expr } from '../../onnx/expr.ts'
import { createTensor } from '../../tensor/tensor.ts'
import type { Aten } from './aten.ts'

/**
 * Windows on images, as index maps: where each position of each window lies in the flat image. What ONNX Runtime has
 * in float32 only (convolutions, average pools), and what ONNX says otherwise than torch, is a Gather by such a map.
 */
export interface WindowMap {
  /** [positions of a window · windows], row-major; an element beyond the image is the image's size. */
  readonly index: Int32Array
  readonly window: number
  readonly count: number
  /** How many windows along each axis. */
  readonly out: readonly number[]
  readonly hasOutside: boolean
}

/** What of an axis an element of a window reads: a place, or -1 for none. @param k within the window */
export type Place = (out: number, k: number) => number

export interface Axis {
  readonly size: number
  readonly kernel: number
  readonly out: number
  readonly place: Place
}

/** The map over all axes, of one for each. */
export function windowMap(t: Aten, axes: readonly Axis[]): WindowMap {
  const total = axes.reduce((product, { size }) => product * size, 1)
  const window = axes.reduce((product, { kernel }) => product * kernel, 1)
  const count = axes.reduce((product, { out }) => product * out, 1)
  t.reserve(window * count, 4)
  const index = new Int32Array(window * count)
  let hasOutside = false
  for (let k = 0; k < window; k++) {
    for (let o = 0; o < count; o++) {
      let [restK, restO, at, step, inside] = [k, o, 0, 1, true]
      for (let i = axes.length - 1; i >= 0; i--) {
        const { size, kernel, out, place } = axes[i] as Axis
        const here = place(restO % out, restK % kernel)
        if (here < 0 || here >= size) inside = false
        else at += here * step
        step *= size
        restK = Math.floor(restK / kernel)
        restO = Math.floor(restO / out)
      }
      index[k * count + o] = inside ? at : total
      hasOutside ||= !inside
    }
  }
  return { index, window, count, out: axes.map(({ out }) => out), hasOutside }
}

/** Windows that slide: `out · stride - padding + k · dilation`. */
export const sliding =
  (stride: number, padding: number, dilation: number): Place =>
  (out, k) =>
    out * stride - padding + k * dilation

/**
 * The windows of a flat image: [..., size] to [..., window, count].
 * @param outside what is read beyond the image
 */
export function gatherWindows(t: Aten, flat: Expr, map: WindowMap, rank: number, outside = 0): Expr {
  const axis = rank - 1
  const index = createTensor('int32', [map.window, map.count], map.index)
  let image = flat
  if (map.hasOutside) {
    const pads = [...new Array<number>(2 * rank - 1).fill(0), 1]
    const value = t.graph.operand(outside, flat.dtype)
    image = t.node('Pad', [flat, t.shape(pads), value])
  }
  return t.node('Gather', [image, t.graph.constant(t.makeup(index))], { axis })
}
