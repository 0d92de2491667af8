// What clients of HTTPS are shown: the certificates of the files, and the one that an authority issued.
import type { Certificate, Engine } from '../native.js'

export interface ShownCertificates {
  installFiles(files: Certificate[]): void
  installIssued(issued: Certificate): void
  list(): readonly Certificate[]
}

export function openShownCertificates(engine: Pick<Engine, 'setCertificates'>): ShownCertificates {
  let files: Certificate[] = []
  let issued: Certificate[] = []
  // The engine first: what it refuses is not shown.
  const show = (nextFiles: Certificate[], nextIssued: Certificate[]): void => {
    engine.setCertificates([...nextFiles, ...nextIssued])
    files = nextFiles
    issued = nextIssued
  }
  return {
    installFiles: (next) => show(next, issued),
    installIssued: (next) => show(files, [next]),
    list: () => [...files, ...issued],
  }
}
