/**
 * The inference child: sets up the workflow that the front names, and runs what the front sends. The only process that
 * loads ONNX Runtime, user code and model files; it owns no socket but the frames on fd 3, and ends when they close.
 */
import { writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { InferError } from './errors.ts'
import { createLog } from './log.ts'
import { ModelWorkflow } from './model-workflow.ts'
import { openModel } from './models/open.ts'
import { ModelShelf } from './models/shelf.ts'
import { type ChildHandler, serveFrames } from './runtime/child-loop.ts'
import type { Served } from './runtime/engine.ts'
import type { Frame } from './runtime/frames.ts'
import type { ChildInit, InferHead, ResultHead } from './runtime/heads.ts'
import type { InferenceInput, Workflow, WorkflowClass } from './workflow.ts'
import { toReply } from './workflow-answer.ts'
import { loadWorkflowClass } from './workflow-class.ts'

const FRAMES_FD = 3

let workflow: Workflow
let answerLimitBytes: number

const handler: ChildHandler = {
  async init(head, { ask, tellOpen }) {
    const init = JSON.parse(head) as ChildInit
    answerLimitBytes = init.answerLimitBytes
    const shelf = new ModelShelf(
      (path) => openModel(path, { cacheFolder: init.plansFolder, classPath: classPathOf(init) }),
      { models: init.openModels, bytes: init.openModelsBytes },
      tellOpen,
    )
    const Class = await loadWorkflowClass(init.workflow.class)
    workflow = construct(Class, init)
    await workflow.setup({
      log: createLog(init.logLevel),
      openModel: async (reference) =>
        shelf.get(
          typeof reference === 'string' && reference.startsWith('/') ? reference : await ask(JSON.stringify(reference)),
        ),
    })
    return JSON.stringify(describe(workflow, Class))
  },

  async infer(frame) {
    const head = headOf(frame)
    const input = inputOf(frame, head)
    const model = head.golden === true && workflow instanceof ModelWorkflow ? workflow : undefined
    const answer = await (model ? model.runModel(input as InferenceInput) : workflow.inference(input))
    const result = toReply(answer, answerLimitBytes)
    if (!head.prove) return result
    const proof = await workflow.generateProof()
    return { ...result, head: JSON.stringify({ ...(JSON.parse(result.head || '{}') as ResultHead), proof }) }
  },

  async *stream(frame) {
    const decoder = new TextDecoder()
    for await (const chunk of workflow.stream(inputOf(frame, headOf(frame)))) {
      yield typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    }
  },
}

/** Folders by colons, or a list of them. */
function classPathOf({ workflow: { kwargs } }: ChildInit): string[] {
  const { class_path: path } = kwargs
  if (Array.isArray(path)) return path.map(String)
  return typeof path === 'string' ? path.split(':').filter((folder) => folder !== '') : []
}

function construct(Class: WorkflowClass, { workflow: { class: name, args, kwargs } }: ChildInit): Workflow {
  try {
    return new Class(...args, kwargs)
  } catch (error) {
    throw new InferError(
      'bad_model',
      `The workflow ${name} cannot be constructed: ${error instanceof Error ? error.message : error}`,
    )
  }
}

function describe(served: Workflow, Class: WorkflowClass): Served {
  const model = served instanceof ModelWorkflow ? served.model : undefined
  return {
    workflow: Class.name,
    message: Class.message ?? Class.name,
    service: Class.service ?? Class.name,
    dialect: Class.dialect ?? 'torch',
    takes: served.takes,
    streams: served.streams,
    proves: served.proves,
    ...(model && { modelPath: model.path }),
    inputs: (model?.inputs ?? []).map(({ name, dtype, dims }) => ({ name, dtype, dims })),
    outputs: model?.outputs ?? [],
    methods: model?.methods ?? [],
  }
}

let lastHead = ''
let lastParsed: InferHead = { cast: 'none' }

/** Most heads are the same few bytes, request after request. */
function headOf(frame: Frame): InferHead {
  if (frame.head === lastHead) return lastParsed
  const head = JSON.parse(frame.head) as InferHead
  if (head.data === undefined) {
    lastHead = frame.head
    lastParsed = Object.freeze(head)
  }
  return head
}

const inputOf = (frame: Frame, head: InferHead): InferenceInput | unknown =>
  workflow.takes === 'data' ? head.data : { ...head, inputs: frame.tensors }

// When memory runs out, it is this process that has to go, not the front with everybody's requests.
try {
  writeFileSync('/proc/self/oom_score_adj', '500')
} catch {
  // Not Linux, or not allowed: then the kernel chooses.
}
// Signals to the group are the front's business: it drains, then ends us.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
await serveFrames(new Socket({ fd: FRAMES_FD, readable: true, writable: true }), handler)
process.exit(0)
