export function buildDocs(): Promise<void>
export function serveDocs(port?: number): Promise<{ readonly origin: string; close(): Promise<void> }>
