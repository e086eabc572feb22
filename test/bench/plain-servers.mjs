/**
 * What the service is compared with, in plain JavaScript so that it starts as bare as it could:
 *
 *   node plain-servers.mjs bare PORT                reads the body, answers a constant
 *   node plain-servers.mjs hand-written PORT MODEL  the same service, as one would write it by hand for one model
 */
import { createServer } from 'node:http'

const [kind, port, modelPath] = process.argv.slice(2)
const answer = kind === 'bare' ? () => '{"data":[[0.5]]}' : await openModel(modelPath)

createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', async () => {
    let status = 200
    let text
    try {
      text = await answer(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
    } catch (error) {
      status = 400
      text = JSON.stringify({ code: '400', description: String(error) })
    }
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
    response.end(text)
  })
}).listen(Number(port), '127.0.0.1')

async function openModel(path) {
  process.env.ORT_DISABLE_TELEMETRY = '1'
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const session = await InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'basic',
  })
  const [input] = session.inputNames
  const [output] = session.outputNames
  return async (body) => {
    const { source, data } = JSON.parse(body.toString())
    if (source !== 1 || data?.dtype !== 'double') throw new Error('say source 1 and a dtype of double')
    const { flat, rows, columns } = flatten(data.values)
    const results = await session.run({ [input]: new Tensor('float64', flat, [rows, columns]) })
    return JSON.stringify({ data: toRows(results[output].data, rows) })
  }
}

/** Checks while it copies, as the service does. */
function flatten(values) {
  if (!Array.isArray(values) || !Array.isArray(values[0])) throw new Error('values must be a list of rows')
  const rows = values.length
  const columns = values[0].length
  const flat = new Float64Array(rows * columns)
  let at = 0
  for (const row of values) {
    if (!Array.isArray(row) || row.length !== columns) throw new Error('the rows differ in length')
    for (const value of row) {
      if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`value ${at} is no number`)
      flat[at++] = value
    }
  }
  return { flat, rows, columns }
}

function toRows(data, rows) {
  const width = data.length / rows
  const lists = []
  for (let row = 0; row < rows; row++) lists.push(Array.from(data.subarray(row * width, (row + 1) * width)))
  return lists
}
