// The OpenAPI 3.1 document of an edge: from the schemas that parse its requests, so that there is one source.
import { z } from 'zod'
import { VERSION } from '../version.js'
import { errorAnswer } from './answers.js'
import { OPERATIONS, PARAMETERS, type Operation } from './operations.js'

type Json = Record<string, unknown>

const ERRORS: Record<number, string> = {
  400: 'What was sent is wrong; the message names the field',
  403: 'Credentials are missing or not enough, or the request came from a foreign page or under a foreign name',
  404: 'There is no such thing',
  405: 'This path has other methods: Allow lists them',
  409: 'It is there already, or being changed',
  413: 'It is too large',
  415: 'The content type must be application/json, or application/zip for an archive',
  429: 'Too much at once: try again later',
  502: 'The edge that it needs did not answer, or the function failed',
  503: 'This edge does not take it now: another one does, or try again later',
  504: 'It took too long',
}

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json
  return rest
}

/** OpenAPI 3.1, whose schemas are JSON schemas of 2020-12. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {}
  for (const operation of OPERATIONS) paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'SwarmLambda',
      version: VERSION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: "What every edge answers, besides AWS Lambda's own API (2015-03-31), which it answers as Lambda does, and functions over HTTP under /fn/{name}.",
    },
    servers: [{ url: '/' }],
    tags: [...new Set(OPERATIONS.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Error: schemaOf(errorAnswer, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'Asked for by edges that are not on loopback: "swarmlambda token", or a Signature Version 4' } },
    },
  }
}

function describe({ about, answers, archive, body, contentType = 'application/json', errors = [], id, open, path, query, tag }: Operation): Json {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const parameters = [
    ...inPath.map((name) => ({ name, in: 'path', required: true, description: PARAMETERS[name]?.about, schema: schemaOf(PARAMETERS[name]?.schema ?? z.string(), 'input') })),
    ...Object.entries(query ?? {}).map(([name, { about: description, required = false, schema }]) => ({ name, in: 'query', required, description, schema: schemaOf(schema, 'input') })),
  ]
  const failures = [...new Set([400, 403, 404, ...errors])].filter((status) => !(status in answers))
  return {
    operationId: id,
    summary: about,
    tags: [tag],
    ...(open ? {} : { security: [{}, { token: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: schemaOf(body, 'input') },
          ...(archive && { 'application/zip': { schema: { type: 'string', format: 'binary', description: 'The archive; the other fields are in the query' } } }),
        },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [
          status,
          { description: Number(status) < 300 ? about : (ERRORS[Number(status)] ?? about), ...(schema && { content: { [contentType]: { schema: schemaOf(schema, 'output') } } }) },
        ]),
      ),
      ...Object.fromEntries(failures.map((status) => [status, { description: ERRORS[status], content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } }])),
    },
  }
}
