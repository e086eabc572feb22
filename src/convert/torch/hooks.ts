import type { Aten } from '../aten/aten.ts'
import type { TorchModule } from './module.ts'

export const hooked = (m: TorchModule, _t: Aten): TorchModule => m
