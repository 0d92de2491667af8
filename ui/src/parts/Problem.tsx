// What went wrong with a call.

export function Problem({ error }: { error: Error | null }) {
  if (error === null) return null
  return <div className="problem" role="alert"><pre>{error.message}</pre></div>
}
