// Pages of the documentation that are made from the code: by path, from the repository's root.
import { LIMITS, type Limit } from '../api/limits.js'
import { CLI_VARIABLES, DNS_VARIABLES, EDGE_VARIABLES, PROXY_VARIABLES, type Variable } from '../config.js'
import { OPERATIONS } from '../openapi/operations.js'
import { projectJsonSchema } from '../project/schema.js'

const HEAD = '<!-- Written by "npm run docs" from the code. -->\n'

export const generatedDocs = (): Record<string, string> => ({
  'docs/reference/variables.md': variables(),
  'docs/reference/limits.md': limits(),
  'docs/reference/api.md': api(),
  'docs/swarmlambda.schema.json': `${JSON.stringify(projectJsonSchema(), null, 2)}\n`,
})

function variables(): string {
  const section = (title: string, program: string, all: readonly Variable[]): string => `## ${title}
${program}

| Variable | | Allowed | Default |
|---|---|---|---|
${all.map(({ about, allowed, name, unset }) => `| \`${name}\` | ${cell(about)} | ${cell(allowed)} | ${cell(unset)} |\n`).join('')}`
  return `${HEAD}# Environment variables
A variable that is set to nothing counts as one that is not set. A value that is not allowed ends the program with a line that names it.

${section('Edges', '`node bin/edge.js`, or `swarmlambda edge`', EDGE_VARIABLES)}
${section('The proxy', '`node bin/proxy.js`, or `swarmlambda proxy`', PROXY_VARIABLES)}
${section('The DNS server', '`node bin/dns.js`, or `swarmlambda dns`', DNS_VARIABLES)}
${section('The command line', '`swarmlambda`; `NO_COLOR` is respected', CLI_VARIABLES)}`
}

function limits(): string {
  const row = ([name, { default: usual, error, field, max, min, unit }]: [string, Limit]): string => {
    const amount = (value: number | null): string => (value === null ? 'none' : `${value.toLocaleString('en')} ${unit}`)
    return `| ${name} | ${field === null ? 'fixed' : `\`${field}\``} | ${amount(usual)} | ${field === null ? '' : `${amount(min)} to ${amount(max)}`} | ${cell(error)} |\n`
  }
  return `${HEAD}# Limits
\`GET /limits\` tells the same to programs.

| Limit | Field of a deploy | Default | Allowed | What comes of reaching it |
|---|---|---|---|---|
${Object.entries(LIMITS).map(row).join('')}`
}

function api(): string {
  const tags = [...new Set(OPERATIONS.map(({ tag }) => tag))]
  const section = (tag: string): string => `## ${tag}
| Call | |
|---|---|
${OPERATIONS.filter((operation) => operation.tag === tag)
  .map(({ about, method, path }) => `| \`${method.toUpperCase()} ${path}\` | ${cell(about)} |\n`)
  .join('')}`
  return `${HEAD}# API
Every edge answers these; \`GET /openapi.json\` has the schemas of what goes in and out. AWS Lambda's own API is in
[lambda-api.md](../lambda-api.md), functions over HTTP in [http.md](../http.md). An error is Lambda's: \`{"Type", "Message"}\`, its name in \`x-amzn-errortype\`.
Calls that change something need \`content-type: application/json\`.

${tags.map(section).join('\n')}`
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
