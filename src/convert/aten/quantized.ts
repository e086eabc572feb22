const QUANTIZED = /quantize|\bint_repr$|\bq_(scale|zero_point)$/

/**
 * How a sentence of what is not supported begins, where these names of operators or modules are those of a quantised
 * model: its other names would send one to look for the wrong thing.
 */
export const quantizedHint = (names: Iterable<string>): string =>
  [...names].some((name) => QUANTIZED.test(name))
    ? 'the model is quantised, which is not supported: save it as it was before, in floats; '
    : ''
