import { isTuple } from '../../formats/values.ts'
import { type Converter, needTransform } from './converter.ts'
import { Estimator } from './estimator.ts'

/** Steps one after the other; `passthrough` and None hand on what they get. */
export const pipeline: Converter = (model, x, _g, convert) => {
  const steps = model.list('steps').map((step) => (isTuple(step) ? step.items : []))
  let features = x
  for (const [name, step] of steps.slice(0, -1)) {
    if (step === null || step === 'passthrough') continue
    const estimator = new Estimator(step, `${model.type}'s step ${name}`)
    features = needTransform(estimator, convert(estimator, features))
  }
  const [name, last] = steps.at(-1) ?? []
  if (last === null || last === 'passthrough') return { transform: features }
  return convert(new Estimator(last, `${model.type}'s step ${name}`), features)
}
