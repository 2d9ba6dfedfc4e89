export const $ = id => document.getElementById(id)

/** Makes an element; children that are text stay text. */
export function el(tag, className, ...children) {
  const element = document.createElement(tag)
  if (className) element.className = className
  element.append(...children)
  return element
}

/** A dot in the colour of a tab; the worker has one too. */
export function dot(tab) {
  const element = el('span', 'dot')
  element.style.setProperty('--dot', tab ? `var(--tab-${((tab - 1) % 8) + 1})` : 'var(--accent)')
  return element
}

/** Starts a CSS animation again, however recently it ran. */
export function flash(element) {
  element.classList.remove('flash')
  element.getBoundingClientRect()
  element.classList.add('flash')
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
export const clock = at => CLOCK.format(at)
