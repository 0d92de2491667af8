// Which edge is asked next, and when no further edge is asked (DESIGN §6). Pure policy: no sockets, no clocks of its own.
export { orderCandidates, estimateMs, type Candidate, type Holding } from './router/order.js'
export { failOver, parsePolicy, MAX_PEER_TRIES, type Attempt, type FailOverOptions, type Policy } from './router/fail-over.js'
export { openRetryBudget, type RetryBudget } from './router/retry-budget.js'
export { openEjections, type Ejections } from './router/ejections.js'
export { isPartial, isWithin, placementOf, type PlacedEdge, type Placement } from './router/placement.js'
