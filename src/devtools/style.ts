import { COLOURS } from './colours.ts'

/** The style of devtools. It is measured against the panel's own width, wherever that stands. */
export const STYLE = `${COLOURS}
:host {
  all: initial;
  display: block;
  color: var(--ink);
  color-scheme: light dark;
  font: 13px / 1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums;
  -webkit-text-size-adjust: 100%;
}

*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
h2, h3, p, ol, ul, dl, dd { margin: 0; padding: 0; }
ol, ul { list-style: none; }
h2 { font-size: 14px; letter-spacing: -0.01em; }
h3 { font-size: 13px; }
.light { color: var(--muted); font-weight: 500; }
.hint { color: var(--muted); overflow-wrap: anywhere; }
.hint:empty { display: none; }
.ms, time { color: var(--muted); font-family: var(--mono); font-size: 11.5px; white-space: nowrap; }
.sr-only { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

button, select {
  min-height: 32px;
  padding: 4px 10px;
  border: 1px solid var(--line-strong);
  border-radius: 8px;
  background: var(--raised);
  color: var(--ink);
  font: inherit;
  font-weight: 550;
  cursor: pointer;
}
button:hover:not([aria-disabled="true"]) { border-color: var(--muted); }
button:active:not([aria-disabled="true"]) { transform: translateY(1px); }
button[aria-disabled="true"] { opacity: 0.5; cursor: default; }
button[aria-pressed="true"] { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
button[data-action="logout"] { color: var(--bad); }
.small { min-height: 26px; padding: 1px 8px; font-size: 12px; }

.opener {
  position: fixed;
  z-index: 2147483000;
  right: 16px;
  bottom: 16px;
  display: grid;
  place-items: center;
  width: 44px;
  height: 44px;
  padding: 0;
  border-radius: 50%;
  box-shadow: 0 2px 10px rgb(0 0 0 / 18%);
  transition: transform 120ms;
}
.opener:hover { transform: scale(1.06); }
.opener svg { width: 28px; height: 28px; }
.opener circle { fill: none; stroke-width: 3; }
.opener .track { stroke: var(--line); }
.opener .ring { stroke: var(--level); stroke-linecap: round; transform: rotate(-90deg); transform-origin: center; }
.opener .core { fill: var(--level); }

[data-level="good"] { --level: var(--good); }
[data-level="warn"] { --level: var(--warn); }
[data-level="bad"] { --level: var(--bad); }
[data-level="none"] { --level: var(--muted); }

.panel { container-type: inline-size; background: var(--paper); }
:host(:not([inline])) .panel {
  position: fixed;
  z-index: 2147483000;
  right: 0;
  bottom: 0;
  left: 0;
  max-height: min(470px, 76dvh);
  overflow: auto;
  overscroll-behavior: contain;
  border-top: 1px solid var(--line-strong);
  box-shadow: 0 -8px 30px rgb(0 0 0 / 16%);
  animation: rise 160ms ease-out;
}
@keyframes rise { from { transform: translateY(24px); opacity: 0; } }
:host([inline]) .panel { border: 1px solid var(--line); border-radius: 12px; overflow: clip; }
:host([inline]) header { position: static; }

header {
  position: sticky;
  z-index: 1;
  top: 0;
  display: flex;
  align-items: center;
  gap: 10px;
  min-height: 42px;
  padding: 4px 14px;
  border-bottom: 1px solid var(--line);
  background: var(--paper);
}
header h2 { margin-right: auto; }
.close { min-width: 30px; }
.notice { padding: 8px 14px; border-bottom: 1px solid var(--line); background: var(--well); color: var(--warn); overflow-wrap: anywhere; }

.parts { display: grid; grid-template-columns: minmax(0, 1fr); }
.parts > * { min-width: 0; padding: 12px 14px; }
.parts > * + * { border-top: 1px solid var(--line); }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; min-height: 28px; margin-bottom: 6px; }
.bar h3 { margin-right: auto; }
.check { display: inline-flex; align-items: center; gap: 6px; min-height: 26px; color: var(--muted); font-size: 12px; }
.check input { width: 15px; height: 15px; margin: 0; accent-color: var(--accent); }

.pill, .outcome {
  padding: 1px 8px;
  border: 1px solid color-mix(in srgb, var(--level) 45%, transparent);
  border-radius: 999px;
  color: var(--level);
  font-size: 11.5px;
  font-weight: 600;
  white-space: nowrap;
}
.outcome:empty { visibility: hidden; }

.life-line { display: flex; align-items: baseline; justify-content: space-between; gap: 12px; }
.token { font-size: 16px; font-weight: 650; letter-spacing: -0.01em; }
.left { color: var(--muted); }
.life { height: 8px; margin: 6px 0 8px; overflow: hidden; border-radius: 4px; background: var(--well); box-shadow: inset 0 0 0 1px var(--line); }
.life-fill { height: 100%; border-radius: 4px; background: var(--level); transform: scaleX(var(--left, 0)); transform-origin: left; transition: transform 250ms linear, background-color 250ms; }
.life[data-level="warn"] .life-fill { background: var(--warn-bar); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 6px 14px; margin-top: 8px; }
dt { color: var(--muted); font-size: 11.5px; }
dd { overflow-wrap: anywhere; }
.claims { margin-top: 2px; }

.actions { margin-top: 12px; }
.buttons { display: grid; grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); gap: 6px; }
.said { min-height: 38px; margin-top: 8px; color: var(--level, var(--muted)); }

.chart { display: block; width: 100%; margin-bottom: 6px; font: 10.5px var(--mono); }
.chart text { fill: var(--muted); }
.chart .lane { font: 12px system-ui, "Liberation Sans", sans-serif; fill: var(--ink); }
.chart .grid { stroke: var(--line); }
.chart line.change { stroke: var(--muted); stroke-dasharray: 3 3; }
.chart rect { cursor: pointer; }
.chart rect.good { fill: var(--good); }
.chart rect.warn { fill: var(--warn-bar); }
.chart rect.bad { fill: var(--bad); }
.chart rect.none { fill: var(--line-strong); }
.chart rect.untouched { fill: none; stroke: var(--muted); }
.chart rect.waiting { fill: var(--warn-bar); fill-opacity: 0.55; }
circle.tab-1 { fill: var(--tab-1); } circle.tab-2 { fill: var(--tab-2); } circle.tab-3 { fill: var(--tab-3); } circle.tab-4 { fill: var(--tab-4); }
circle.tab-5 { fill: var(--tab-5); } circle.tab-6 { fill: var(--tab-6); } circle.tab-7 { fill: var(--tab-7); } circle.tab-8 { fill: var(--tab-8); }

.scroll { max-height: 320px; overflow: auto; overscroll-behavior: contain; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); }
.scroll:has(ol:empty) { display: none; }
.lines > li + li { border-top: 1px solid var(--line); }
.lines > li[data-kind="refresh"] { background: color-mix(in srgb, var(--level) 9%, transparent); }
.lines > li[data-kind="state"], .lines > li[data-kind="command"] { background: var(--well); }
summary {
  display: grid;
  grid-template-columns: 8px auto 58px minmax(0, 1fr) auto 52px;
  align-items: baseline;
  gap: 0 10px;
  padding: 4px 10px;
  cursor: pointer;
  list-style: none;
}
summary::-webkit-details-marker { display: none; }
summary:hover { background: var(--well); }
summary:focus-visible { outline-offset: -2px; }
summary::before { content: "›"; color: var(--muted); font-weight: 700; transition: transform 120ms; }
details[open] > summary::before { transform: rotate(90deg); }
.what { overflow-wrap: anywhere; }
.title { font-weight: 600; }
[data-kind="request"] .title { font: 600 12px var(--mono); }
.why { color: var(--muted); }
summary .ms { text-align: right; }
.steps { padding: 2px 10px 8px 10px; }
.steps li { display: grid; grid-template-columns: 72px minmax(0, 1fr); gap: 8px; overflow-wrap: anywhere; }
.steps .ms { text-align: right; }

.dot { white-space: nowrap; }
.dot:not(:empty)::before { display: inline-block; width: 8px; height: 8px; margin-right: 6px; border-radius: 50%; background: var(--dot, var(--muted)); content: ""; }
.tab-1 { --dot: var(--tab-1); } .tab-2 { --dot: var(--tab-2); } .tab-3 { --dot: var(--tab-3); } .tab-4 { --dot: var(--tab-4); }
.tab-5 { --dot: var(--tab-5); } .tab-6 { --dot: var(--tab-6); } .tab-7 { --dot: var(--tab-7); } .tab-8 { --dot: var(--tab-8); }
.host { font-weight: 600; overflow-wrap: anywhere; }
.tabs { display: grid; gap: 6px; margin-top: 10px; }
.tabs li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 10px; padding: 6px 10px; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); }
.tabs .hint { grid-column: 1 / -1; padding-left: 14px; }
.sees { color: var(--muted); }

@container (min-width: 760px) {
  .parts { grid-template-columns: minmax(0, 300px) minmax(0, 1fr); }
  .parts > * + * { border-top: 0; border-left: 1px solid var(--line); }
  .parts > .where { grid-column: 1 / -1; border-top: 1px solid var(--line); border-left: 0; }
  .tabs { grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); }
}
@container (min-width: 1080px) {
  .parts { grid-template-columns: minmax(0, 310px) minmax(0, 1fr) minmax(0, 250px); }
  .parts > .where { grid-column: auto; border-top: 0; border-left: 1px solid var(--line); }
  .tabs { grid-template-columns: minmax(0, 1fr); }
}
@container (max-width: 520px) {
  summary { grid-template-columns: 8px minmax(0, 1fr) auto auto; }
  summary time { display: none; }
  .what { grid-column: 2 / -1; grid-row: 2; }
  li:not([data-kind="request"]) .what { grid-column: 2; grid-row: 1; }
  li:not([data-kind="request"]) .dot { display: none; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
@media (forced-colors: active) {
  button[aria-pressed="true"] { border: 3px solid; }
}
`
