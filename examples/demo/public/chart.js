/**
 * The refreshes of one session over time, drawn by hand: a stem for each, as high as it took long, over the lives of the
 * access tokens. Sizes are pixels of the screen, so that text stays as large as it is whatever the width.
 */
const HEIGHT = 226
const PLOT = { left: 46, right: 10, top: 42, bottom: 64 }
const LANE = { top: 10, height: 14 } // below the plot: the lives of the tokens
const BEHIND = 240_000 // milliseconds that the chart shows of the past; half of it where it is narrow
const NARROW = 480
const AHEAD = 60_000 // and of the future
const MINUTE = 60_000

const HOURS = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

/**
 * @param {SVGSVGElement} svg
 * @param {{ refreshes, tokens, events, now }} data times in milliseconds since the epoch, durations in milliseconds
 */
export function drawChart(svg, { refreshes, tokens, events, now }) {
  const width = Math.max(260, svg.clientWidth)
  const [from, to] = [now - (width < NARROW ? BEHIND / 2 : BEHIND), now + AHEAD]
  const bottom = HEIGHT - PLOT.bottom
  const top = niceAbove(Math.max(...refreshes.filter(({ at }) => at >= from).map(({ duration }) => duration), 0))
  const x = at => PLOT.left + ((at - from) / (to - from)) * (width - PLOT.left - PLOT.right)
  const y = duration => bottom - (duration / top) * (bottom - PLOT.top)
  const isShown = ({ at }) => at >= from && at <= to
  const clamp = at => Math.min(to, Math.max(from, at))

  svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`)
  svg.replaceChildren(
    ...[0, top / 2, top].flatMap(value => [
      line('grid', PLOT.left, y(value), width - PLOT.right, y(value)),
      text('tick', PLOT.left - 7, y(value) + 4, 'end', value),
    ]),
    text('axis', 0, 12, 'start', 'How long a refresh took (ms)'),
    ...minutes(from, to).flatMap(at => [
      line('grid', x(at), bottom, x(at), bottom + 4),
      text('tick', x(at), HEIGHT - 22, 'middle', HOURS.format(at)),
    ]),
    text('axis', width - PLOT.right, HEIGHT - 4, 'end', 'Time of day'),
    text('tick', PLOT.left - 7, bottom + LANE.top + 11, 'end', 'token'),
    ...tokens
      .filter(({ since, until }) => until > from && since < to)
      .flatMap(({ since, until, name }, index, all) => {
        const [left, right] = [x(clamp(since)), x(clamp(until))]
        const life = make('rect', index === all.length - 1 ? 'life-now' : 'life-past', {
          x: left,
          y: bottom + LANE.top,
          width: Math.max(1, right - left - 1),
          height: LANE.height,
          rx: 3,
        })
        const fits = right - left > 8 * name.length + 6
        return fits ? [life, text('life-name', (left + right) / 2, bottom + LANE.top + 11, 'middle', name)] : [life]
      }),
    line('now', x(now), PLOT.top - 4, x(now), bottom + LANE.top + LANE.height),
    text('tick', x(now), PLOT.top - 8, 'start', 'now'),
    ...events
      .filter(isShown)
      .flatMap(({ at, name }) => [
        line('event', x(at), PLOT.top, x(at), bottom),
        text('event-name', x(at), PLOT.top - 8, 'end', name),
      ]),
    ...refreshes.filter(isShown).flatMap(({ at, duration, outcome }) => {
      const isGood = outcome === 'refreshed'
      const stem = line(isGood ? 'good' : 'bad', x(at), bottom, x(at), y(duration))
      // Another form too, for whoever sees no difference between the colours.
      const mark = isGood
        ? make('circle', 'good', { cx: x(at), cy: y(duration), r: 4.5 })
        : make('path', 'bad', { d: `M${x(at) - 4.5} ${y(duration) - 4.5}l9 9m0 -9l-9 9` })
      mark.append(make('title', '', {}, `${outcome}, ${duration} ms`))
      return [stem, mark]
    }),
  )
}

/** The next larger 1, 2 or 5 with zeros, so that half of it can be said too. */
function niceAbove(value) {
  const least = Math.max(100, value)
  const power = 10 ** Math.floor(Math.log10(least))
  return power * [1, 2, 5, 10].find(factor => factor * power >= least)
}

function minutes(from, to) {
  const first = Math.ceil(from / MINUTE) * MINUTE
  return Array.from({ length: Math.floor((to - first) / MINUTE) + 1 }, (_, index) => first + index * MINUTE)
}

const line = (className, x1, y1, x2, y2) => make('line', className, { x1, y1, x2, y2 })
const text = (className, x, y, anchor, content) => make('text', className, { x, y, 'text-anchor': anchor }, content)

function make(tag, className, attributes, content) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  if (className) element.setAttribute('class', className)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  if (content !== undefined) element.textContent = content
  return element
}
