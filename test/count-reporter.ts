import type { TestModule } from 'vitest/node'

/** Closes a run with the one line that `.ci/run` promises, `N passed, N failed`; before it, how many were skipped. */
export class CountReporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]) {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      for (const test of tests) count[test.result().state]++
      // A file that fails to load fails as one.
      if (tests.length === 0 || module.errors().length > 0) count.failed++
    }
    const skipped = count.skipped + count.pending
    if (skipped > 0) process.stdout.write(`\n${skipped} skipped\n`)
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed\n`)
  }
}
