import type { OnnxStage, Plan, Slot } from '../convert/plan.ts'
import { InferError } from '../errors.ts'
import { openSession, type Session } from '../runtime/session.ts'
import type { HostValue } from '../tensor/host-value.ts'
import type { Tensor } from '../tensor/tensor.ts'

export interface OpenPlan {
  /** The outputs, in the plan's order, of one value for each of its inputs. */
  run(inputs: readonly HostValue[]): Promise<HostValue[]>
  close(): Promise<void>
}

interface Step {
  readonly stage: Plan['stages'][number]
  readonly session: Session | undefined
}

/** A plan whose ONNX models are loaded. `basic` optimisation: the arithmetic stays as it was written. */
export async function openPlan(plan: Plan, optimization: 'basic' | 'all' = 'basic'): Promise<OpenPlan> {
  const steps: Step[] = []
  for (const stage of plan.stages) {
    steps.push({ stage, session: stage.kind === 'onnx' ? await openSession(stage.model, { optimization }) : undefined })
  }
  return {
    run: (inputs) => runPlan(plan, steps, inputs),
    close: async () => {
      for (const { session } of steps) await session?.close()
    },
  }
}

async function runPlan(plan: Plan, steps: readonly Step[], inputs: readonly HostValue[]): Promise<HostValue[]> {
  const values = new Map<Slot, HostValue>(plan.constants)
  plan.inputs.forEach(({ slot }, i) => {
    values.set(slot, inputs[i] as HostValue)
  })
  for (const { slot, check } of plan.guards) check(valueIn(values, slot))
  for (const { stage, session } of steps) {
    if (stage.kind === 'onnx') await runModel(stage, session as Session, values)
    else {
      const made = stage.run(...stage.inputs.map((slot) => valueIn(values, slot)))
      stage.outputs.forEach((slot, i) => {
        values.set(slot, made[i] as HostValue)
      })
    }
  }
  return plan.outputs.map(({ slot }) => valueIn(values, slot))
}

async function runModel(stage: OnnxStage, session: Session, values: Map<Slot, HostValue>): Promise<void> {
  const feeds = stage.inputs.map(({ slot }) => valueIn(values, slot) as Tensor)
  const made = await session.run(
    stage.inputs.map(({ name }) => name),
    feeds,
  )
  stage.outputs.forEach(({ slot }, i) => {
    values.set(slot, made[i] as Tensor)
  })
}

function valueIn(values: ReadonlyMap<Slot, HostValue>, slot: Slot): HostValue {
  const value = values.get(slot)
  if (!value) throw new InferError('internal', `the plan has no value ${slot} yet`)
  return value
}
