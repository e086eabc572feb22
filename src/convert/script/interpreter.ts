import { findAttribute, setAttribute } from './attribute.ts'
import { call, callMethod } from './call.ts'
import { evaluate } from './evaluate.ts'
import { execute, runBody } from './execute.ts'
import type { Verbs } from './machine.ts'

/** The interpreter's parts, as they call one another. */
export const VERBS: Verbs = { call, callMethod, evaluate, execute, find: findAttribute, runBody, setAttribute }
