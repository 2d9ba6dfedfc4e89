/** The colours of devtools, light and dark. Each has enough contrast for what stands on it. */
export const COLOURS = `
:host {
  --paper: #fbfbf9;
  --well: #f1f1ec;
  --raised: #fff;
  --ink: #1b1f1c;
  --muted: #5b625b;
  --line: #e0dfd6;
  --line-strong: #c6c4b8;
  --accent: #0f766e;
  --accent-soft: #dff1ee;
  --on-accent: #fff;
  --good: #0f766e;
  --warn: #8f5405;
  --warn-bar: #dd9226;
  --bad: #b42318;
  --bad-soft: #fce9e6;
  --tab-1: #3574d4;
  --tab-2: #d9660f;
  --tab-3: #8250d8;
  --tab-4: #d0387f;
  --tab-5: #5d9413;
  --tab-6: #a87c06;
  --tab-7: #8a6346;
  --tab-8: #64748b;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}

@media (prefers-color-scheme: dark) {
  :host {
    --paper: #131614;
    --well: #1a1e1b;
    --raised: #1f2421;
    --ink: #e8ebe6;
    --muted: #a0a79e;
    --line: #2a302c;
    --line-strong: #424a44;
    --accent: #4cc5b5;
    --accent-soft: #15302c;
    --on-accent: #04211d;
    --good: #4cc5b5;
    --warn: #f0b860;
    --warn-bar: #dc9a3a;
    --bad: #ff9a8c;
    --bad-soft: #3b1c18;
    --tab-1: #6aa0f2;
    --tab-2: #f0924a;
    --tab-3: #aa86f0;
    --tab-4: #ee74ab;
    --tab-5: #8fc447;
    --tab-6: #ddb640;
    --tab-7: #c29a7a;
    --tab-8: #94a3b8;
  }
}
`
