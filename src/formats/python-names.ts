/** Modules that their own pickles name otherwise than today: Python 2's, numpy 1's, and joblib within scikit-learn. */
const RENAMED: readonly (readonly [prefix: string, today: string])[] = [
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
  ['numpy.core', 'numpy._core'],
  ['sklearn.externals.joblib', 'joblib'],
]

/** `module.Name` as today's libraries spell it. */
export function todaysName(module: string, name: string): string {
  for (const [prefix, today] of RENAMED) {
    if (module === prefix || module.startsWith(`${prefix}.`)) return `${today}${module.slice(prefix.length)}.${name}`
  }
  return `${module}.${name}`
}
