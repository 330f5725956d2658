// Reads every query of the workbook and of Azure's alerts with Kusto's own language service, and prints what is wrong.
// Its argument is the folder in which @kusto/language-service-next is installed.
import { readFileSync } from 'node:fs'
import { runInThisContext } from 'node:vm'

const files = `${process.argv[2]}/node_modules/@kusto/language-service-next`
for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) runInThisContext(readFileSync(`${files}/${file}`, 'utf8'))
const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language

// The columns that are used, as Azure Monitor documents its tables.
const tables = {
  AppMetrics: 'TimeGenerated: datetime, Name: string, Sum: real, Min: real, Max: real, ItemCount: int, Properties: dynamic',
  AppRequests: 'TimeGenerated: datetime, Name: string, DurationMs: real, Success: bool, Properties: dynamic',
  AzureMetrics: 'TimeGenerated: datetime, ResourceProvider: string, MetricName: string, Average: real',
  AzureDiagnostics: 'TimeGenerated: datetime, ResourceProvider: string, Category: string, Message: string',
}
const symbols = Object.entries(tables).map(([name, columns]) => Symbols.TableSymbol.From(`(${columns})`).WithName(name))
const database = new Symbols.DatabaseSymbol.$ctor1('workspace', symbols)
const globals = GlobalState.Default.WithDatabase(database)

const workbook = JSON.parse(readFileSync('infra/telemetry/workbook.json', 'utf8')).items
const alerts = readFileSync('infra/telemetry/alerts.bicep', 'utf8').matchAll(/name: '([\w-]+)'[^{}]*?query: '''\n([\s\S]*?)'''/g)
const queries = [
  ...workbook.filter((item) => item.type === 3).map((item) => [`workbook ${item.name}`, item.content.query]),
  ...[...alerts].map(([, name, query]) => [`alert ${name}`, query]),
  ['a wrong query, which must be found', 'AppMetrics | where Nme == 1'],
]
let wrong = 0
for (const [name, text] of queries) {
  const faults = KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics()
  for (let place = 0; place < faults.Count; place++) console.log(`${name}: ${faults.getItem(place).Message}`)
  wrong += faults.Count > 0
}
console.log(`${queries.length} queries read`)
process.exit(wrong === 1 && queries.length > 10 ? 0 : 1)
