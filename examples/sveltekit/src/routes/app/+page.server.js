export const load = () => ({ renderedAt: Date.now() })
