// Resource policies: who may invoke. Kept as statements, shown as the JSON text that AWS shows.
import { empty, json } from '../api/requests.js'
import { SwarmError } from '../errors.js'
import type { ControlResponse } from '../native.js'
import type { ItemRecord } from '../registry/record.js'
import * as context from './context.js'
import type { Call } from './context.js'
import { ACCOUNT, type Reference } from '../api/names.js'
import { parse, permission } from './shapes.js'

type Statement = Record<string, unknown>
const MAX_POLICY_BYTES = 20_480

function policyOf(call: Call): { reference: Reference; item: ItemRecord | null; statements: Statement[] } {
  const reference = context.referenceOf(call)
  context.resolve(call, reference)
  const item = context.attributeOf(call, reference.name, 'policy', reference.qualifier)
  return { reference, item, statements: (item?.value['statements'] as Statement[] | undefined) ?? [] }
}

/** With the resource in the caller's region. */
const shown = (call: Call, { name, qualifier }: Reference, statement: Statement): Statement => {
  const { Condition, ...rest } = statement
  return { ...rest, Resource: call.arns.function(name, qualifier), ...(Condition === undefined ? {} : { Condition }) }
}

const principalOf = (text: string): unknown => {
  if (text === '*') return '*'
  if (/^\d{12}$/.test(text)) return { AWS: `arn:aws:iam::${text}:root` }
  return text.startsWith('arn:') ? { AWS: text } : { Service: text }
}

function conditionOf(body: ReturnType<typeof parse<typeof permission._output>>): Statement {
  const equals = Object.entries({
    'AWS:SourceAccount': body.SourceAccount,
    'lambda:FunctionUrlAuthType': body.FunctionUrlAuthType,
    'lambda:EventSourceToken': body.EventSourceToken,
    'aws:PrincipalOrgID': body.PrincipalOrgID,
  }).filter(([, value]) => value !== undefined)
  return {
    ...(equals.length > 0 ? { StringEquals: Object.fromEntries(equals) } : {}),
    ...(body.SourceArn === undefined ? {} : { ArnLike: { 'AWS:SourceArn': body.SourceArn } }),
    ...(body.InvokedViaFunctionUrl === undefined ? {} : { Bool: { 'lambda:InvokedViaFunctionUrl': String(body.InvokedViaFunctionUrl) } }),
  }
}

/** Whether a policy lets whoever has that access key invoke through a URL that asks for signatures. */
export const allowsUrl = (policy: ItemRecord | null, accessKeyId: string): boolean =>
  ((policy?.value['statements'] as Statement[] | undefined) ?? []).some(({ Action, Condition, Principal }) => {
    const principal = (Principal as { AWS?: unknown } | null)?.AWS ?? Principal
    const known = ['*', `arn:aws:iam::${ACCOUNT}:root`, `arn:aws:iam::${ACCOUNT}:user/${accessKeyId}`]
    const conditions = JSON.stringify(Condition ?? { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } })
    // What other conditions ask for is not known here, so they are not met.
    return ['*', 'lambda:*', 'lambda:InvokeFunctionUrl'].includes(String(Action)) && known.includes(String(principal)) && conditions === '{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}}'
  })

export async function add(call: Call): Promise<ControlResponse> {
  const { item, reference, statements } = policyOf(call)
  const body = parse(permission, call.request.body)
  context.checkRevision(body.RevisionId, item?.revisionId ?? '')
  if (statements.some(({ Sid }) => Sid === body.StatementId)) {
    throw new SwarmError('CONFLICT', `The statement id (${body.StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`)
  }
  const Condition = conditionOf(body)
  const statement: Statement = {
    Sid: body.StatementId,
    Effect: 'Allow',
    Principal: principalOf(body.Principal),
    Action: body.Action,
    ...(Object.keys(Condition).length > 0 ? { Condition } : {}),
  }
  const all = [...statements, statement]
  if (JSON.stringify(all).length > MAX_POLICY_BYTES) throw new SwarmError('INVALID_PARAMETER', `The final policy size is bigger than the limit (${MAX_POLICY_BYTES}).`)
  await context.putAttribute(call, reference.name, 'policy', reference.qualifier, { statements: all })
  return json(201, { Statement: JSON.stringify(shown(call, reference, statement)) })
}

export function get(call: Call): ControlResponse {
  const { item, reference, statements } = policyOf(call)
  if (item === null || statements.length === 0) throw new SwarmError('NOT_FOUND', 'The resource you requested does not exist.')
  const policy = { Version: '2012-10-17', Id: 'default', Statement: statements.map((statement) => shown(call, reference, statement)) }
  return json(200, { Policy: JSON.stringify(policy), RevisionId: item.revisionId })
}

export async function remove(call: Call): Promise<ControlResponse> {
  const { item, reference, statements } = policyOf(call)
  const sid = call.params[1] ?? ''
  if (item === null || !statements.some(({ Sid }) => Sid === sid)) throw new SwarmError('NOT_FOUND', `Statement ${sid} is not found in resource policy.`)
  context.checkRevision(call.request.query.get('RevisionId'), item.revisionId)
  await context.putAttribute(call, reference.name, 'policy', reference.qualifier, { statements: statements.filter(({ Sid }) => Sid !== sid) })
  return empty(204)
}
